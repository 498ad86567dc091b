/// Names of members that are looked up together; none of them has a backslash.
package struct MemberNames: Sendable {
  /// All of them, one behind the other, and where each ends.
  private var bytes: [UInt8] = []
  private var ends: [Int] = []

  package init(_ names: String...) {
    self.init(names)
  }

  package init(_ names: [String]) {
    for name in names {
      bytes += Array(name.utf8)
      ends.append(bytes.count)
    }
  }

  /// Which of them a key is, as it is written.
  fileprivate func index(of key: Span<UInt8>) -> Int? {
    plainIndex(of: key) ?? (JSONEscape.isUsed(in: key) ? decodedIndex(of: key) : nil)
  }

  private func decodedIndex(of key: Span<UInt8>) -> Int? {
    let decoded = JSONEscape.decode(key)
    return plainIndex(of: decoded.span)
  }

  private func plainIndex(of key: Span<UInt8>) -> Int? {
    let all = bytes.span
    var start = 0
    for index in ends.indices {
      let name = start..<ends[index]
      if name.count == key.count, all.extracting(name).isEqual(to: key) { return index }
      start = name.upperBound
    }
    return nil
  }
}

extension RawJSON {
  /// Looks several members up in one walk, and calls back with the place of the name and the value of
  /// each that the object has. Of two with one key, the last counts, and comes last.
  package func forEach(_ names: MemberNames, _ body: (_ name: Int, _ value: RawJSON) -> Void) {
    guard kind == .object else { return }
    let text = bytes.span
    CheckedText.forEachChild(of: text) { key, value in
      guard let index = names.index(of: text.extracting(key)) else { return }
      body(index, RawJSON(checked: bytes[inBytes(value)]))
    }
  }
}
