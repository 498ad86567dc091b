internal import EventLoop
internal import JSON
internal import Store
internal import Wire

extension Method {
  static let conversationsCreate = writing(
    "conversations.create", for: .writers, .params(.name, .metadata, .items)
  ) { _, call, store throws(RPCError) in
    let items = try await call.items(from: store)
    return try await store.performing { store throws(StoreError) in
      try await store.createConversation(
        as: call.principal, name: call.text("name"), metadata: call["metadata"] ?? .emptyObject,
        items: items)
    }.json
  }

  static let conversationsRetrieve = reading(
    "conversations.retrieve", for: .readers, .params(.conversation, required: ["conversation"])
  ) { _, call, store throws(RPCError) in try await call.conversation(in: store).json }

  static let conversationsUpdate = writing(
    "conversations.update", for: .writers,
    .params(
      .conversation, .name, .metadata, required: ["conversation"],
      clauses: [
        Clause(
          [.present(["metadata"]), .given(["name"])], else: ["metadata"],
          "nothing found, metadata or a name was expected")
      ])
  ) { _, call, store throws(RPCError) in
    let conversation = try await call.conversation(in: store)
    return try await store.performing { store throws(StoreError) in
      var update = ConversationUpdate()
      update.metadata = call["metadata"]
      // A name that is null is taken away.
      update.name = call.params["name"].map { $0.string.map { .name($0) } ?? .none }
      return try await store.updateConversation(conversation.id, as: call.principal, update)
    }.json
  }

  static let conversationsDelete = writing(
    "conversations.delete", for: .writers, .params(.conversation, required: ["conversation"])
  ) { daemon, call, store throws(RPCError) in
    let conversation = try await call.conversation(in: store)
    try await store.performing { store throws(StoreError) in
      try await store.deleteConversation(
        conversation.id, as: call.principal, patience: Method.erasurePatience)
    }
    daemon.cache.forgetAll(of: call.subject)
    daemon.feeds.deleted(conversation)
    return .deleted(conversation.id, "conversation.deleted")
  }

  static let conversationsList = reading(
    "conversations.list", for: .readers, .params(.page, ["prefix": .nonEmptyString])
  ) { _, call, store throws(RPCError) in
    try await store.performing { store throws(StoreError) in
      var page = call.page
      page.prefix = call.text("prefix")
      return try await store.conversations(as: call.principal, page)
    }.json(\.id, \.json)
  }

  static let conversationsFork = writing(
    "conversations.fork", for: .writers,
    .params(.conversation, .name, ["at": .nonEmptyString], required: ["conversation"])
  ) { _, call, store throws(RPCError) in
    let conversation = try await call.conversation(in: store)
    return try await store.performing { store throws(StoreError) in
      try await store.forkConversation(
        conversation.id, as: call.principal, at: call.text("at"), name: call.text("name"))
    }.json
  }

  static let conversationsSearch = reading(
    "conversations.search", for: .readers,
    .params(.conversation, .limit, ["query": .nonEmptyString], required: ["query"])
  ) { _, call, store throws(RPCError) in
    let conversation =
      call["conversation"] == nil ? nil : try await call.conversation(in: store).id
    let hits = try await store.performing { store throws(StoreError) in
      var search = SearchRequest(query: call.requiredText("query"), limit: call.page.limit)
      search.conversation = conversation
      return try await store.search(search, as: call.principal)
    }
    return .list(hits.map { ($0.itemID, $0.json) }, hasMore: false)
  }

  static let conversationsWatch = Method(
    "conversations.watch", for: .readers, .params(.conversation, required: ["conversation"])
  ) { daemon, call in
    .work { () throws(RPCError) in
      let conversation = try await call.conversation(in: daemon.state.openForReading()).id
      let feeds = daemon.feeds
      let watcher = ConversationWatcher { feeds.remove($0, from: conversation) }
      feeds.add(watcher, to: conversation)
      return .cursor(watcher)
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
