/// A message that holds what was searched for.
package struct SearchHit: Sendable {
  package let conversationID: String?
  package let conversationName: String?
  package let responseID: String?
  package let itemID: String
  package let role: String?
  /// Some words around the ones that were found.
  package let snippet: String
  /// Milliseconds since 1970.
  package let createdAt: Int64
  /// Higher is better (BM25 with its sign turned).
  package let score: Double
}

/// What is searched for, and how what is found is shown.
package struct SearchRequest: Sendable {
  package var query: String
  package var limit: Int
  /// The id of the conversation to search in; nil for everything that the user has.
  package var conversation: String?
  /// What stands before and behind each found word in a snippet.
  package var marks: (before: String, after: String) = ("", "")

  /// - Parameter limit: 1 to 100; others are brought to the nearest of these.
  package init(query: String, limit: Int = 20, conversation: String? = nil) {
    self.query = query
    self.limit = min(max(limit, 1), 100)
    self.conversation = conversation
  }
}
