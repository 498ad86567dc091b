package import JSON

/// What is known of a response before the upstream is asked.
package struct NewResponse: Sendable {
  /// What the response goes on from; its context is everything up to there.
  package enum Parent: Sendable, Equatable {
    case none
    /// The id of a stored response.
    case response(String)
    /// The id of a conversation, at its present end.
    case conversation(String)
  }

  /// Makes a create that is sent twice one response.
  package struct Idempotency: Sendable, Equatable {
    package var key: String
    /// A digest of the request's body.
    package var bodyHash: [UInt8]

    package init(key: String, bodyHash: [UInt8]) {
      self.key = key
      self.bodyHash = bodyHash
    }
  }

  package var principal: Principal
  package var id: String
  package var parent: Parent
  /// The input items of this request alone, without its context.
  package var input: [RawJSON]
  /// False leaves no text on disk: the row says only that there is such a response.
  package var isStored = true
  package var isBackground = false
  package var status: ResponseStatus = .inProgress
  package var model: String?
  package var upstream: String?
  /// Which key was used, so that an id is sent only to the account that made it; never the key.
  package var keyIdentity: String?
  package var client: String?
  package var previousResponseID: String?
  /// Where `continue` finds this response once it has ended.
  package var scope: String?
  package var instructions: RawJSON?
  package var idempotency: Idempotency?
  /// How long after its create a response is what the same key stands for, in milliseconds.
  package var idempotencyLifetime: Int64 = 24 * 3600 * 1000

  package init(
    as principal: Principal, id: String = StoreID.response(), parent: Parent = .none,
    input: [RawJSON]
  ) {
    self.principal = principal
    self.id = id
    self.parent = parent
    self.input = input
  }
}

/// What became of a create.
package enum Beginning: Sendable {
  case started(ResponseHandle, input: [StoredItem])
  /// The same create was sent before.
  case existing(StoredResponse)
}

/// Names a response that runs, whatever its id becomes.
package struct ResponseHandle: Sendable, Hashable {
  /// The number of whose it is.
  let subject: Int64
  let row: Int64
}
