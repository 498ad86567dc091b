/// A stored response as a log tells of it.
package struct ResponseSummary: Sendable {
  package let id: String
  package let status: String
  /// Milliseconds since 1970.
  package let createdAt: Int64
  package let model: String
  package let upstream: String
  package let client: String
  /// What it went on from, where it was not a conversation.
  package let previousResponseID: String?
  /// The conversation that it was made in.
  package let conversationID: String?
  package let conversationName: String?
  /// In billionths of a dollar; nil where it is not known.
  package let cost: Int64?
  /// The first words of what was asked.
  package let title: String?
}

/// Which responses a log is to tell of; nil is no condition.
package struct ResponseLogRequest: Sendable {
  package var page: PageRequest
  /// A glob.
  package var model: String?
  package var client: String?
  /// A conversation's id.
  package var conversation: String?
  /// Milliseconds since 1970.
  package var since: Int64?
  /// Only the one that is the last of this scope.
  package var scope: String?

  package init(_ page: PageRequest) {
    self.page = page
  }
}
