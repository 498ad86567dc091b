package import JSON
internal import Wire

/// Takes the secrets that a request was made with out of what came back: some upstreams repeat them.
///
/// A secret that is a word, which servers without accounts are given (`x`, `test`, `EMPTY`), goes
/// out of error texts only, and only where it is a token by itself: answers may use the word.
///
/// What arrives is searched as it comes, at about a hundredth of what relaying it takes.
package struct KeyRedactor: Sendable {
  static let mark = Array("[key]".utf8)

  private let secrets: [Secret]
  /// Those that go wherever they stand.
  let unmistakable: [Secret]

  /// Returns nil where there is nothing to take out.
  package init?(_ secrets: [String]) {
    guard !secrets.isEmpty else { return nil }
    self.secrets = secrets.map { Secret($0) }
    unmistakable = self.secrets.filter(\.isUnmistakable)
  }

  /// Takes secrets that are unmistakable out of the strings of a JSON text.
  package func cleaned(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    unmistakable.reduce(text) { text, secret in
      secret.mayStand(in: text.span) ? secret.removed(from: text.span)[...] : text
    }
  }

  /// Takes any secret out of what an upstream says of an error.
  package func cleanedError(_ json: RawJSON) -> RawJSON {
    RawJSON(checked: secrets.reduce(json.bytes) { $1.removed(from: $0.span)[...] })
  }

  func cleaned(_ error: RPCError) -> RPCError {
    func cleaned(_ json: RawJSON) -> RawJSON { RawJSON(checked: self.cleaned(json.bytes)) }
    return RPCError(
      error.code, cleaned(.string(error.message)).string ?? "", isRetryable: error.isRetryable,
      details: error.details.map { ($0.key, cleaned($0.value)) })
  }

  /// Whether a secret that is unmistakable stands in bytes, or escapes that could spell it.
  package func mayStand(in text: Span<UInt8>) -> Bool {
    for secret in unmistakable where secret.mayStand(in: text) { return true }
    return false
  }
}
