import JSON

/// Takes arbitrary bytes as JSON texts, and holds what passes over them quickly against the exact
/// scanner.
///
/// Holds: whatever is taken quickly is taken exactly, with the same children; of what is taken
/// exactly, nothing is left out that has room for its children; what is like a model is a text with
/// the model's keys, and with its values but for those that were said to be others.
enum QuickScanExercise {
  private static let narrow = JSONLimits(
    maximumDepth: 3, maximumNodes: 9, maximumKeyBytes: 6, maximumNumberBytes: 4,
    allowsDuplicateKeys: true, allowsLoneSurrogates: false)

  /// Children for which there is room.
  private static let room = 32

  private struct Found: Equatable {
    var value: Range<Int>
    var children: [Range<Int>] = []
    var keys: [Range<Int>] = []
  }

  /// Returns what does not hold.
  static func run(_ bytes: [UInt8]) -> String? {
    let texts = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
    for limits in [JSONLimits.relayed, narrow] {
      if let wrong = compare(bytes, limits) { return wrong }
      for index in texts.indices.dropFirst() {
        if let wrong = match(texts[index - 1], texts[index], limits) { return wrong }
      }
    }
    return nil
  }

  private static func compare(_ text: [UInt8], _ limits: JSONLimits) -> String? {
    let exact = exact(text, limits)
    var children: [JSONScanner.Child] = []
    let value = JSONScanner.quickScan(text.span, limits: limits) { children.append($0) }
    guard let value else {
      if !children.isEmpty { return "children of a text that was not taken" }
      return exact.map { $0.children.count <= room } ?? false ? "a text was left out" : nil
    }
    let quick = Found(value: value, children: children.map(\.value), keys: children.map(\.key))
    return quick == exact ? nil : "a text was taken for another, or for one"
  }

  private static func exact(_ text: [UInt8], _ limits: JSONLimits) -> Found? {
    var found = Found(value: 0..<0)
    do throws(JSONError) {
      found.value = try JSONScanner.scanExactly(text.span, limits: limits) { child in
        found.children.append(child.value)
        found.keys.append(child.key)
      }
    } catch {
      return nil
    }
    return found
  }

  /// - Parameter other: what is held against the first text as a model, with bytes behind it.
  private static func match(
    _ text: [UInt8], _ other: [UInt8], _ limits: JSONLimits
  ) -> String? {
    var children: [JSONScanner.Child] = []
    let value = JSONScanner.quickScan(text.span, limits: limits) { children.append($0) }
    guard let value else { return nil }
    let model = JSONModel(
      0..<text.count, of: text.span, text: value, children: children, limits: limits)
    guard let model else { return nil }
    // As it lies between others.
    let bytes = Array("\n".utf8) + other + Array("\n ]".utf8)
    guard let match = model.match(1..<bytes.count, of: bytes.span) else {
      return text == other ? "a text is not like itself" : nil
    }
    guard match.text.lowerBound >= 1, match.text.upperBound <= match.end, match.end <= bytes.count
    else { return "a match is elsewhere" }
    let found = Array(bytes[match.text])
    guard let exact = exact(found, limits), exact.value == 0..<found.count else {
      return "what is like a text is none"
    }
    guard exact.children.count == children.count else { return "what is alike has other members" }
    for index in children.indices {
      guard found[exact.keys[index]] == text[children[index].key] else { return "another key" }
      let place = match.value(index).map { bytes[$0] } ?? text[children[index].value]
      guard found[exact.children[index]] == place else { return "another value" }
    }
    return nil
  }
}
