package import JSON

/// How a request says which conversation it belongs to.
package enum ConversationReference: Sendable, Hashable {
  /// An id that the daemon or an upstream gave out.
  case id(String)
  /// A name of the user's own, opened or created on its first use.
  case name(String)

  /// Reads `"conv_…"`, `{"id":"…"}` or a name.
  ///
  /// - Parameter json: what `Rule.conversation` has let pass.
  package init(checked json: RawJSON) {
    if let text = json.string, !text.hasPrefix(Pattern.idPrefix) {
      self = .name(text)
    } else {
      self = .id(json.string ?? json["id"]?.string ?? "")
    }
  }
}
