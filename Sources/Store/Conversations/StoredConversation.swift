package import JSON

/// A conversation as it is stored.
package struct StoredConversation: Sendable, Equatable {
  package let id: String
  /// Unique among the user's conversations.
  package internal(set) var name: String?
  package internal(set) var metadata: RawJSON
  /// Milliseconds since 1970.
  package let createdAt: Int64
  /// When it was last used or changed, in milliseconds since 1970.
  package internal(set) var updatedAt: Int64

  /// Its first words, where it has no name and is one of a list.
  package internal(set) var title: String?

  let row: Int64
  /// The number of whose it is.
  let subject: Int64
  /// The token that made it.
  let token: String?
  /// The newest turn; nil while it is empty.
  var head: Int64?
}

/// What changes in a conversation; nil leaves it as it is.
package struct ConversationUpdate: Sendable {
  package enum Name: Sendable, Equatable {
    case none
    case name(String)
  }

  package var name: Name?
  package var metadata: RawJSON?

  package init(name: Name? = nil, metadata: RawJSON? = nil) {
    self.name = name
    self.metadata = metadata
  }
}
