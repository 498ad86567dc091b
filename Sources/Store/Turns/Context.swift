/// What was said before a request: turns from the oldest to the newest.
package struct StoredContext: Sendable {
  package struct Turn: Sendable {
    /// The response that made the output; nil for items that were added without one, and when it
    /// was deleted.
    package let response: Origin?
    /// Input first, then output.
    package let items: [StoredItem]

    package init(response: Origin?, items: [StoredItem]) {
      self.response = response
      self.items = items
    }
  }

  /// Where output came from: what an upstream made may mean nothing to another one.
  package struct Origin: Sendable, Equatable {
    package let responseID: String
    package let upstream: String?
    package let upstreamID: String?
    package let keyIdentity: String?
    package let model: String?

    package init(
      responseID: String, upstream: String?, upstreamID: String?, keyIdentity: String?,
      model: String?
    ) {
      self.responseID = responseID
      self.upstream = upstream
      self.upstreamID = upstreamID
      self.keyIdentity = keyIdentity
      self.model = model
    }
  }

  package let turns: [Turn]

  package var items: [StoredItem] { turns.flatMap(\.items) }
}
