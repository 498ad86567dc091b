package import JSON

/// A response as it is stored.
package struct StoredResponse: Sendable {
  package internal(set) var id: String
  package internal(set) var status: ResponseStatus
  package let isStored: Bool
  package let isBackground: Bool
  /// Milliseconds since 1970.
  package let createdAt: Int64
  package internal(set) var endedAt: Int64?
  package internal(set) var model: String?
  package internal(set) var upstream: String?
  /// The id that the upstream gave it.
  package internal(set) var upstreamID: String?
  package internal(set) var keyIdentity: String?
  package let client: String?
  package let previousResponseID: String?
  package let scope: String?
  package internal(set) var idempotency: NewResponse.Idempotency?
  package let instructions: RawJSON?
  /// The response object, final or latest.
  package internal(set) var object: RawJSON?
  package internal(set) var error: RawJSON?

  /// The name under which this response is updated.
  package let handle: ResponseHandle
  let turn: Int64?
}

/// What changes while a response runs; nil leaves a member as it is.
package struct ResponseUpdate: Sendable {
  /// The id that clients know it by, which `adoptID` answered.
  package var id: String?
  package var status: ResponseStatus?
  package var model: String?
  package var upstream: String?
  package var upstreamID: String?
  package var keyIdentity: String?
  package var object: RawJSON?

  package init() {}
}

/// How a response ended.
package struct ResponseEnding: Sendable {
  package var status: ResponseStatus
  package var object: RawJSON?
  package var output: [RawJSON]
  package var error: RawJSON?
  /// Whether the conversation and the scope go on from here. Any other turn stays readable by its
  /// id, is no part of the conversation, and is not found by a search unless something goes on from
  /// it.
  package var continuesConversation: Bool

  package init(
    status: ResponseStatus, object: RawJSON?, output: [RawJSON], error: RawJSON? = nil,
    continuesConversation: Bool
  ) {
    self.status = status
    self.object = object
    self.output = output
    self.error = error
    self.continuesConversation = continuesConversation
  }
}
