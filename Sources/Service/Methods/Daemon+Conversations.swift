internal import EventLoop
internal import JSON
internal import Store
internal import Wire

extension Daemon {
  func createConversation(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let parameters = try Parameters(params, known: "name", "metadata", "items")
    let name = try Self.name(parameters)
    let metadata = parameters["metadata"] ?? .emptyObject
    try ParameterChecks.metadata(metadata)
    let items = try Self.items(parameters, isRequired: false)
    answer(id, connection) { store, uid throws(RPCError) in
      try await store.performing { store throws(StoreError) in
        try await store.createConversation(
          uid: uid, name: name, metadata: metadata, items: items)
      }.json
    }
  }

  func retrieveConversation(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let reference = try Self.reference(Parameters(params, known: "conversation"))
    answerInTurn(id, connection) { store, uid throws(RPCError) in
      try await Self.find(reference, uid, store).json
    }
  }

  func updateConversation(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let parameters = try Parameters(params, known: "conversation", "name", "metadata")
    let reference = try Self.reference(parameters)
    var update = ConversationUpdate()
    update.metadata = parameters["metadata"]
    if let metadata = update.metadata { try ParameterChecks.metadata(metadata) }
    if params["name"]?.isNull == true {
      update.name = ConversationUpdate.Name.none
    } else if let name = try Self.name(parameters) {
      update.name = .name(name)
    }
    guard update.metadata != nil || update.name != nil else {
      throw .invalidParams("metadata", "nothing found, metadata or a name was expected")
    }
    answer(id, connection) { [update] store, uid throws(RPCError) in
      let conversation = try await Self.find(reference, uid, store)
      return try await store.performing { store throws(StoreError) in
        try await store.updateConversation(conversation.id, uid: uid, update)
      }.json
    }
  }

  func deleteConversation(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let reference = try Self.reference(Parameters(params, known: "conversation"))
    answer(id, connection) { [cache, feeds] store, uid throws(RPCError) in
      let conversation = try await Self.find(reference, uid, store)
      try await store.performing { store throws(StoreError) in
        try await store.deleteConversation(conversation.id, uid: uid)
      }
      cache.forgetAll(of: uid)
      feeds.deleted(conversation)
      return .object {
        $0.member("id", conversation.id)
        $0.member("object", "conversation.deleted")
        $0.member("deleted", true)
      }
    }
  }

  func listConversations(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let page = try Parameters(params, known: "limit", "after", "order").page()
    answerInTurn(id, connection) { store, uid throws(RPCError) in
      try await store.performing { store throws(StoreError) in
        try await store.conversations(uid: uid, page)
      }.json(\.id, \.json)
    }
  }

  func forkConversation(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let parameters = try Parameters(params, known: "conversation", "at", "name")
    let reference = try Self.reference(parameters)
    let at = try parameters.string("at")
    let name = try Self.name(parameters)
    answer(id, connection) { store, uid throws(RPCError) in
      let conversation = try await Self.find(reference, uid, store)
      return try await store.performing { store throws(StoreError) in
        try await store.forkConversation(conversation.id, uid: uid, at: at, name: name)
      }.json
    }
  }

  func searchConversations(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let parameters = try Parameters(params, known: "query", "limit", "conversation")
    let query = try parameters.requiredString("query")
    let limit = try parameters.page().limit
    let reference = parameters["conversation"] == nil ? nil : try Self.reference(parameters)
    answerInTurn(id, connection) { store, uid throws(RPCError) in
      var search = SearchRequest(query: query, limit: limit)
      if let reference { search.conversation = try await Self.find(reference, uid, store).id }
      let request = search
      let hits = try await store.performing { store throws(StoreError) in
        try await store.search(request, uid: uid)
      }
      return .list(hits.map { ($0.itemID, $0.json) }, hasMore: false)
    }
  }

  func watchConversation(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let reference = try Self.reference(Parameters(params, known: "conversation"))
    let uid = connection.peer.userID
    connection.perform(id) { [self] () throws(RPCError) in
      let conversation = try await Self.find(reference, uid, state.openForReading()).id
      let watcher = ConversationWatcher(id: id) { [feeds] in feeds.remove($0, from: conversation) }
      feeds.add(watcher, to: conversation)
      connection.subscribe(watcher)
    }
  }

  // MARK: Items

  func createItems(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let parameters = try Parameters(params, known: "conversation", "items", "include")
    let reference = try Self.reference(parameters)
    let items = try Self.items(parameters, isRequired: true)
    answer(id, connection) { [feeds] store, uid throws(RPCError) in
      let conversation = try await Self.find(reference, uid, store)
      let added = try await store.performing { store throws(StoreError) in
        try await store.createItems(items, in: conversation.id, uid: uid)
      }
      feeds.itemsAdded(added, to: conversation)
      return .list(added.map { ($0.id, $0.listed) }, hasMore: false)
    }
  }

  func listItems(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let parameters = try Parameters(
      params, known: "conversation", "limit", "order", "after", "include")
    let reference = try Self.reference(parameters)
    let page = try parameters.page()
    answerInTurn(id, connection) { store, uid throws(RPCError) in
      let conversation = try await Self.find(reference, uid, store)
      return try await store.performing { store throws(StoreError) in
        try await store.conversationItems(conversation.id, uid: uid, page)
      }.json(\.id, \.listed)
    }
  }

  func retrieveItem(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let parameters = try Parameters(params, known: "conversation", "item_id", "include")
    let reference = try Self.reference(parameters)
    let item = try parameters.requiredString("item_id")
    answerInTurn(id, connection) { store, uid throws(RPCError) in
      let conversation = try await Self.find(reference, uid, store)
      return try await store.performing { store throws(StoreError) in
        try await store.conversationItem(item, in: conversation.id, uid: uid)
      }.listed
    }
  }

  func deleteItem(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let parameters = try Parameters(params, known: "conversation", "item_id")
    let reference = try Self.reference(parameters)
    let item = try parameters.requiredString("item_id")
    answer(id, connection) { [cache] store, uid throws(RPCError) in
      let conversation = try await Self.find(reference, uid, store)
      let left = try await store.performing { store throws(StoreError) in
        try await store.deleteItem(item, from: conversation.id, uid: uid)
      }
      cache.forgetAll(of: uid)
      return left.json
    }
  }

  // MARK: Parameters

  /// The most items that one call may add, as in the API.
  private static let mostItems = 20

  private static func items(
    _ parameters: Parameters, isRequired: Bool
  ) throws(RPCError) -> [RawJSON] {
    guard let items = parameters["items"] else {
      guard !isRequired else {
        throw .invalidParams("items", "nothing found, an array of items was expected")
      }
      return []
    }
    try ParameterChecks.items(items)
    let elements = items.elements.map(\.withoutToolSecrets)
    guard elements.count <= mostItems else {
      throw .invalidParams(
        "items", "\(elements.count) items found, at most \(mostItems) were expected")
    }
    return elements
  }

  private static func reference(_ parameters: Parameters) throws(RPCError) -> ConversationReference
  {
    guard let json = parameters["conversation"] else {
      throw .invalidParams(
        "conversation", "nothing found, the id or name of a conversation was expected")
    }
    return try ConversationReference(json)
  }

  /// A name by the rule of `conversation`, which no id may look like.
  private static func name(_ parameters: Parameters) throws(RPCError) -> String? {
    guard let json = parameters["name"] else { return nil }
    guard json.kind == .string, case .name(let name)? = try? ConversationReference(json) else {
      throw .invalidParams(
        "name",
        "\(json.excerpt) found, a name of 1 to 64 of A-Z a-z 0-9 . _ / @ - was expected")
    }
    return name
  }

  private static func find(
    _ reference: ConversationReference, _ uid: UInt32, _ store: Store
  ) async throws(RPCError) -> StoredConversation {
    do throws(StoreError) {
      switch reference {
      case .id(let id): return try await store.conversation(id, uid: uid)
      case .name(let name):
        if let found = try await store.conversation(named: name, uid: uid) { return found }
        throw StoreError.noConversation(name)
      }
    } catch {
      throw RPCError(error)
    }
  }
}

extension SearchHit {
  fileprivate var json: RawJSON {
    .object { hit in
      hit.key("conversation")
      if let conversationID {
        hit.object {
          $0.member("id", conversationID)
          $0.member("name", conversationName.map { RawJSON.string($0) } ?? .null)
        }
      } else {
        hit.null()
      }
      hit.member("response_id", responseID.map { RawJSON.string($0) } ?? .null)
      hit.member("item_id", itemID)
      hit.member("role", role.map { RawJSON.string($0) } ?? .null)
      hit.member("snippet", snippet)
      hit.member("created_at", createdAt / 1000)
      hit.key("score")
      hit.double(score)
    }
  }
}
