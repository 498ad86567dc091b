package import JSON

/// How a request says which conversation it belongs to.
package enum ConversationReference: Sendable, Hashable {
  /// An id that the daemon or an upstream gave out.
  case id(String)
  /// A name of the user's own, opened or created on its first use.
  case name(String)

  /// Bytes of a name.
  private static let nameLengths = 1...64

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
    if text.utf8.starts(with: "conv_".utf8) {
      self = .id(text)
      return
    }
    guard Self.nameLengths ~= text.utf8.count, text.utf8.allSatisfy(Self.isNameByte) else {
      throw Refusal(
        found: json.excerpt,
        expected: "an id that begins with conv_ or a name of 1 to 64 of A-Z a-z 0-9 . _ / @ -")
    }
    self = .name(text)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "-")...UInt8(ascii: "9"), UInt8(ascii: "@"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
