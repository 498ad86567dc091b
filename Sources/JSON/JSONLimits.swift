/// Bounds what one JSON text may cost to read.
///
/// A byte limit alone does not bound memory or time: a 16 MiB text of `{},{},…` becomes millions
/// of nodes, and a number may be as long as the text.
package struct JSONLimits: Sendable, Equatable {
  /// Open arrays and objects at one point, 1 to 128.
  package var maximumDepth: Int
  /// Values in the whole text, containers included.
  package var maximumNodes: Int
  /// Bytes of a key as written, without its quotes.
  package var maximumKeyBytes: Int
  /// Bytes of a number as written.
  package var maximumNumberBytes: Int
  /// Whether an object may name a key twice. Readers disagree on which one counts, so what comes
  /// from a client never may.
  package var allowsDuplicateKeys: Bool
  /// Whether `\ud800`–`\udfff` may stand alone. RFC 8259, section 8.2 lets it; it has no UTF-8.
  package var allowsLoneSurrogates: Bool

  package init(
    maximumDepth: Int, maximumNodes: Int, maximumKeyBytes: Int, maximumNumberBytes: Int,
    allowsDuplicateKeys: Bool, allowsLoneSurrogates: Bool
  ) {
    self.maximumDepth = min(max(maximumDepth, 1), JSONScanner.deepestLevel)
    self.maximumNodes = maximumNodes
    self.maximumKeyBytes = maximumKeyBytes
    self.maximumNumberBytes = maximumNumberBytes
    self.allowsDuplicateKeys = allowsDuplicateKeys
    self.allowsLoneSurrogates = allowsLoneSurrogates
  }

  /// What clients and plugins must keep to.
  package static let strict = JSONLimits(
    maximumDepth: 128, maximumNodes: 250_000, maximumKeyBytes: 1024, maximumNumberBytes: 64,
    allowsDuplicateKeys: false, allowsLoneSurrogates: false)

  /// What an upstream must keep to. Its bytes are handed on as they came, so what is merely odd
  /// (a key twice, half a surrogate pair in a delta, a long number) is not ours to refuse.
  package static let relayed = JSONLimits(
    maximumDepth: 128, maximumNodes: 1_000_000, maximumKeyBytes: 65_536,
    maximumNumberBytes: 4096, allowsDuplicateKeys: true, allowsLoneSurrogates: true)
}
