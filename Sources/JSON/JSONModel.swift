internal import CScan

/// Bytes with a JSON text in them, which others that come behind them much resemble, such as the
/// events of one stream.
///
/// It was checked once; of what is like it, only what differs is.
package struct JSONModel {
  /// No larger bytes are kept.
  private static let mostBytes = 4096
  /// What may be read behind them.
  private static let padding = 16

  private let bytes: [UInt8]
  private let count: Int
  private let children: [halley_scan_child]
  private let limits: halley_scan_limits
  /// Where the text stands in the bytes.
  private let text: Range<Int>

  /// What is like a model, as offsets into the bytes that it was found in.
  package struct Match {
    fileprivate var found: halley_scan_match
    /// The JSON text.
    package let text: Range<Int>

    /// How many values are not the model's.
    package var count: Int { Int(found.count) }

    /// Where what is behind it begins.
    package var end: Int { Int(found.end) }

    /// The value of one of the text's members; nil where it is the model's.
    @inline(always)
    package func value(_ child: Int) -> Range<Int>? {
      let (first, second) = (found.values.0, found.values.1)
      if found.count > 0, first.child == child { return Int(first.begin)..<Int(first.end) }
      if found.count > 1, second.child == child { return Int(second.begin)..<Int(second.end) }
      return others(child)
    }

    private func others(_ child: Int) -> Range<Int>? {
      let (third, fourth) = (found.values.2, found.values.3)
      if found.count > 2, third.child == child { return Int(third.begin)..<Int(third.end) }
      if found.count > 3, fourth.child == child { return Int(fourth.begin)..<Int(fourth.end) }
      return nil
    }
  }

  /// - Parameters:
  ///   - place: the model in the bytes.
  ///   - text: the JSON text in the bytes, which was taken within the limits.
  ///   - children: where those of its outermost container stand in the text.
  package init?(
    _ place: Range<Int>, of bytes: Span<UInt8>, text: Range<Int>, children: [JSONScanner.Child],
    limits: JSONLimits
  ) {
    guard place.count <= Self.mostBytes, limits.allowsDuplicateKeys else { return nil }
    count = place.count
    self.bytes =
      Array(copying: bytes.extracting(place)) + Array(repeating: 0, count: Self.padding)
    self.limits = halley_scan_limits(limits)
    let offset = text.lowerBound - place.lowerBound
    self.text = offset..<offset + text.count
    self.children = children.map { child in
      halley_scan_child(
        key: UInt32(child.key.lowerBound + offset), key_end: UInt32(child.key.upperBound + offset),
        value: UInt32(child.value.lowerBound + offset),
        value_end: UInt32(child.value.upperBound + offset))
    }
  }

  /// Finds what is like the model at the beginning of a part of what came; nil where other bytes
  /// are, or where that takes a closer look.
  package func match(_ part: Range<Int>, of bytes: Span<UInt8>) -> Match? {
    var found = halley_scan_match()
    var limits = limits
    let isAlike = unsafe self.bytes.withUnsafeBufferPointer { own in
      unsafe children.withUnsafeBufferPointer { children in
        var model = unsafe halley_scan_model(
          bytes: own.baseAddress, count: count, children: children.baseAddress,
          children_count: children.count)
        return unsafe bytes.withUnsafeBufferPointer { bytes in
          unsafe halley_scan_alike(
            &model, bytes.baseAddress, part.lowerBound, part.upperBound, &limits, &found)
        }
      }
    }
    guard isAlike == 1 else { return nil }
    let end = Int(found.end)
    let match = Match(
      found: found, text: part.lowerBound + text.lowerBound..<end - (count - text.upperBound))
    return found.is_ascii == 1 || Self.isUTF8(found, bytes) ? match : nil
  }

  private static func isUTF8(_ match: halley_scan_match, _ bytes: Span<UInt8>) -> Bool {
    let (first, second, third, fourth) = match.values
    return [first, second, third, fourth].prefix(Int(match.count)).allSatisfy {
      QuickScan.isUTF8(bytes.extracting(Int($0.begin)..<Int($0.end)))
    }
  }
}
