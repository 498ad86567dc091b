internal import Store

/// Digests of the parts of a request, to say in words where two requests differ.
///
/// They reveal nothing of the text, and no answer is found by them, only by the key.
package struct CacheParts: Sendable, Equatable {
  static let upstream = "@upstream"
  static let key = "@key"
  /// Further members share the last part: a request may have as many as it likes.
  private static let maximumCount = 64
  private static let rest = "@rest"

  private struct Part: Equatable {
    let name: String
    var digest: UInt64
  }

  private var parts: [Part] = []

  init() {}

  mutating func add(_ name: String, _ canonical: ArraySlice<UInt8>) {
    let last = parts.count - 1
    let isRest = parts.count >= Self.maximumCount
    let seed = isRest ? parts[last].digest : 0
    let digest = unsafe canonical.withUnsafeBytes { unsafe XXHash64.hash($0, seed: seed) }
    if isRest {
      parts[last] = Part(name: Self.rest, digest: digest)
    } else {
      parts.append(Part(name: name, digest: digest))
    }
  }

  // MARK: Comparing

  /// What differs between this request and one that was answered, in words; empty for equal ones.
  package func differences(from cached: CacheParts) -> [String] {
    var theirs = Dictionary(cached.parts.map { ($0.name, $0.digest) }) { first, _ in first }
    var words: [String] = []
    for part in parts {
      let name = Self.spoken(part.name)
      guard let digest = theirs.removeValue(forKey: part.name) else {
        words.append("\(name) is only in this request")
        continue
      }
      if digest != part.digest { words.append("\(name) differs") }
    }
    return words + theirs.keys.sorted().map { "\(Self.spoken($0)) is only in the cached request" }
  }

  private static func spoken(_ name: String) -> String {
    switch name {
    case upstream: "the upstream"
    case key: "the API key or the upstream's address"
    case rest: "one of many further members"
    default: name
    }
  }

  // MARK: Stored form

  /// For each part the length of its name in two bytes, the name, and the digest in eight bytes, both
  /// numbers with the least significant byte first.
  package var encoded: [UInt8] {
    var bytes: [UInt8] = []
    for part in parts {
      // Longer names are refused with the request.
      let name = part.name.utf8.prefix(Int(UInt16.max))
      bytes += [UInt8(truncatingIfNeeded: name.count), UInt8(truncatingIfNeeded: name.count >> 8)]
      bytes += name
      bytes += (0..<8).map { UInt8(truncatingIfNeeded: part.digest >> (8 * $0)) }
    }
    return bytes
  }

  /// nil for bytes that `encoded` does not make.
  package init?(encoded bytes: [UInt8]) {
    var offset = 0
    while offset < bytes.count {
      guard offset + 2 <= bytes.count else { return nil }
      let count = Int(bytes[offset]) | Int(bytes[offset + 1]) << 8
      let end = offset + 2 + count
      guard end + 8 <= bytes.count else { return nil }
      let digest = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[end + $1]) << (8 * $1) }
      parts.append(
        Part(name: String(decoding: bytes[(offset + 2)..<end], as: UTF8.self), digest: digest))
      offset = end + 8
    }
  }
}
