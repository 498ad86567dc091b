package import JSON

/// How a request says which conversation it belongs to.
package enum ConversationReference: Sendable, Hashable {
  /// An id that the daemon or an upstream gave out.
  case id(String)
  /// A name of the user's own, opened or created on its first use.
  case name(String)

  /// Reads `"conv_…"`, `{"id":"…"}` or a name.
  package init(_ json: RawJSON) throws(RPCError) {
    do throws(Refusal) {
      try self.init(checking: json)
    } catch {
      throw error.inside("conversation").error
    }
  }

  private init(checking json: RawJSON) throws(Refusal) {
    try Rule.conversation.check(json)
    guard let text = json.string else {
      self = .id(json["id"]?.string ?? "")
      return
    }
    self = text.hasPrefix(Pattern.idPrefix) ? .id(text) : .name(text)
  }
}
