internal import JSON
package import Store
package import Wire

/// What a request goes on from, as far as the daemon knows it.
package struct RequestContext: Sendable {
  package var parent = NewResponse.Parent.none
  package var turns: [StoredContext.Turn] = []
  /// What stands behind the parent and is stored nowhere; the last of `turns`.
  package var unstored: [UnstoredTurn] = []
  package var conversation: StoredConversation?
  /// The id that the client gave, or that its scope stands for.
  package var previousResponseID: String?

  package init() {}

  /// Finds what a request names, without its items. An id is looked for among the user's own alone
  /// and no upstream is asked for it: there, all users have one account.
  ///
  /// - Parameter unstored: what stands behind an id that the store does not know.
  /// - Throws: `not_found`.
  package static func find(
    _ request: CreateRequest, as principal: Principal, in store: Store,
    unstored: UnstoredContext? = nil
  ) async throws(RPCError) -> RequestContext {
    var context = RequestContext()
    switch request.conversation {
    case .name(let name)?:
      context.use(
        try await store.performing { store throws(StoreError) in
          try await store.openConversation(named: name, as: principal)
        })
      return context
    case .id(let id)?:
      context.use(
        try await known("conversation") { () throws(StoreError) in
          try await store.conversation(id, as: principal)
        })
      return context
    case nil: break
    }
    if let unstored, !request.options.continuesScope { return RequestContext(after: unstored) }
    return try await goingOn(from: request, as: principal, in: store)
  }

  private static func goingOn(
    from request: CreateRequest, as principal: Principal, in store: Store
  ) async throws(RPCError) -> RequestContext {
    var context = RequestContext()
    var previous = request.previousResponseID
    let goesOnFromScope = request.options.continuesScope
    if goesOnFromScope, let scope = request.options.scope {
      previous = try await store.performing { store throws(StoreError) in
        try await store.lastResponse(ofScope: scope, as: principal)
      }
    }
    guard let previous else { return context }
    let response = try await known("previous_response_id") { () throws(StoreError) in
      try await store.response(previous, as: principal)
    }
    guard response.status.isFinal else {
      throw .invalidParams(
        "previous_response_id", "response \(previous) is still \(response.status.rawValue)")
    }
    // What was said in a conversation goes on there, whoever spoke in it since.
    if goesOnFromScope,
      let conversation = try await store.performing({ store throws(StoreError) in
        try await store.conversation(of: response)
      })
    {
      context.use(conversation)
      return context
    }
    context.previousResponseID = previous
    context.parent = .response(previous)
    return context
  }

  private static func known<Value>(
    _ parameter: String, _ find: () async throws(StoreError) -> Value
  ) async throws(RPCError) -> Value {
    do throws(StoreError) {
      return try await find()
    } catch {
      throw error.code == .notFound ? .notFound(parameter) : RPCError(error)
    }
  }

  init(after unstored: UnstoredContext) {
    parent = unstored.parent
    self.unstored = unstored.turns
    turns = unstored.turns.map(\.turn)
    previousResponseID = unstored.responseID
  }

  private mutating func use(_ conversation: StoredConversation) {
    self.conversation = conversation
    parent = .conversation(conversation.id)
  }

  /// Reads the items. Called when the conversation is this request's turn.
  package mutating func load(as principal: Principal, from store: Store) async throws(RPCError) {
    let parent = parent
    let stored: StoredContext? = try await store.performing { store throws(StoreError) in
      switch parent {
      case .none: nil
      case .response(let id): try await store.context(ofResponse: id, as: principal)
      case .conversation(let id): try await store.context(ofConversation: id, as: principal)
      }
    }
    turns = (stored?.turns ?? []) + unstored.map(\.turn)
  }
}

extension RPCError {
  /// The same bytes for an id that never was, one that was deleted and one of another user.
  static func notFound(_ parameter: String) -> RPCError {
    RPCError(
      .notFound, "\(parameter): there is nothing of this id",
      details: [("param", .string(parameter))])
  }
}
