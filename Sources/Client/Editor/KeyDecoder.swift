/// Turns the bytes that a terminal sends into keys (ECMA-48, section 5.4; xterm's control sequences).
package struct KeyDecoder {
  private static let pasteStart = Array("\u{1B}[200~".utf8)
  private static let pasteEnd = Array("\u{1B}[201~".utf8)

  private var pending: [UInt8] = []
  /// What has come of a bracketed paste.
  private var pasted: [UInt8]?

  package init() {}

  /// Whether a sequence has begun that may be a key of its own: after a short pause it is.
  package var isWaiting: Bool { !pending.isEmpty && pasted == nil }

  /// Takes bytes and returns the keys that they complete.
  package mutating func append(_ bytes: some Sequence<UInt8>) -> [Key] {
    pending.append(contentsOf: bytes)
    var keys: [Key] = []
    while !pending.isEmpty {
      if pasted != nil {
        guard let text = takePasted() else { break }
        keys.append(.paste(text))
      } else {
        guard let (key, count) = next() else { break }
        pending.removeFirst(count)
        if let key { keys.append(key) }
      }
    }
    return keys
  }

  /// Takes what has come as all that comes: an Escape alone is the key.
  package mutating func flush() -> [Key] {
    guard isWaiting else { return [] }
    defer { pending = [] }
    return pending == [0x1B] ? [.escape] : []
  }

  /// The next key and its length; no key for a sequence that means nothing here; nil where more has to
  /// come.
  private mutating func next() -> (key: Key?, count: Int)? {
    switch pending[0] {
    case 0x1B: return escaped()
    case 0x00..<0x20, 0x7F: return (Self.control(pending[0]), 1)
    default: return text()
    }
  }

  private static func control(_ byte: UInt8) -> Key? {
    switch byte {
    case 0x0D, 0x0A: .enter
    case 0x09: .tab
    case 0x08, 0x7F: .backspace
    case 0x00: nil
    // Ctrl-A is 1; Ctrl-_ is 31.
    default: .control(Character(Unicode.Scalar(byte | (byte < 0x1B ? 0x60 : 0x40))))
    }
  }

  /// As many whole characters as have come; what is no UTF-8 becomes U+FFFD.
  private func text() -> (Key?, Int)? {
    let end = pending.firstIndex { $0 < 0x20 || $0 == 0x7F } ?? pending.count
    var count = end
    if end == pending.count { count -= Self.unfinished(pending[..<end]) }
    guard count > 0 else { return nil }
    return (.text(String(decoding: pending[..<count], as: UTF8.self)), count)
  }

  /// How many bytes at the end begin a character that is not whole yet.
  private static func unfinished(_ bytes: ArraySlice<UInt8>) -> Int {
    for (count, byte) in zip(1...3, bytes.reversed()) where byte & 0xC0 != 0x80 {
      let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
      return length > count ? count : 0
    }
    return 0
  }

  // MARK: Escape sequences

  private mutating func escaped() -> (Key?, Int)? {
    guard pending.count > 1 else { return nil }
    switch pending[1] {
    case UInt8(ascii: "["): return sequence()
    case UInt8(ascii: "O"):
      guard pending.count > 2 else { return nil }
      return (Self.named(pending[2], isModified: false), 3)
    case 0x0D, 0x0A: return (.newline, 2)
    case 0x08, 0x7F: return (.alt("\u{7F}"), 2)
    case 0x1B: return (.escape, 1)
    case 0x20..<0x7F: return (.alt(Character(Unicode.Scalar(pending[1]))), 2)
    default: return (.escape, 1)
    }
  }

  /// CSI, parameters, a final byte.
  private mutating func sequence() -> (Key?, Int)? {
    guard let final = pending.dropFirst(2).firstIndex(where: { $0 >= 0x40 }) else {
      return pending.count > 32 ? (nil, pending.count) : nil
    }
    let count = final + 1
    if pending[...final].elementsEqual(Self.pasteStart) {
      pasted = []
      return (nil, count)
    }
    let numbers = pending[2..<final].split(
      separator: UInt8(ascii: ";"), omittingEmptySubsequences: false
    ).map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
    let isModified = numbers.count > 1 && numbers[1] > 2
    if pending[final] == UInt8(ascii: "~") {
      return (Self.numbered(numbers.first, isModified), count)
    }
    // xterm's modifyOtherKeys and kitty's protocol spell Alt-Enter or Shift-Enter so.
    if pending[final] == UInt8(ascii: "u") { return (numbers.first == 13 ? .newline : nil, count) }
    return (Self.named(pending[final], isModified: isModified), count)
  }

  private static func named(_ byte: UInt8, isModified: Bool) -> Key? {
    switch byte {
    case UInt8(ascii: "A"): .up
    case UInt8(ascii: "B"): .down
    case UInt8(ascii: "C"): isModified ? .wordRight : .right
    case UInt8(ascii: "D"): isModified ? .wordLeft : .left
    case UInt8(ascii: "H"): .home
    case UInt8(ascii: "F"): .end
    case UInt8(ascii: "M"): .enter
    default: nil
    }
  }

  private static func numbered(_ number: Int?, _ isModified: Bool) -> Key? {
    switch number {
    case 1, 7: .home
    case 4, 8: .end
    case 3: isModified ? .alt("d") : .delete
    default: nil
    }
  }

  // MARK: Pastes

  private mutating func takePasted() -> String? {
    guard let end = pending.firstRange(of: Self.pasteEnd) else {
      // The end's own first bytes may be the last that have come.
      let safe = max(0, pending.count - Self.pasteEnd.count + 1)
      pasted?.append(contentsOf: pending[..<safe])
      pending.removeFirst(safe)
      return nil
    }
    let bytes = (pasted ?? []) + pending[..<end.lowerBound]
    pasted = nil
    pending.removeFirst(end.upperBound)
    return String(decoding: bytes, as: UTF8.self)
  }
}
