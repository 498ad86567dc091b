internal import EventLoop
internal import JSON
internal import Store
internal import Wire

extension Method {
  static let conversationsItemsCreate = writing(
    "conversations.items.create", for: .writers,
    .params(.conversation, .include, .items, required: ["conversation", "items"])
  ) { daemon, call, store throws(RPCError) in
    let conversation = try await call.conversation(in: store)
    let items = try await call.items(from: store)
    let added = try await store.performing { store throws(StoreError) in
      try await store.createItems(items, in: conversation.id, as: call.principal)
    }
    daemon.feeds.itemsAdded(added, to: conversation)
    return .list(added.map { ($0.id, $0.listed) }, hasMore: false)
  }

  static let conversationsItemsList = reading(
    "conversations.items.list", for: .readers,
    .params(.conversation, .page, .include, required: ["conversation"])
  ) { _, call, store throws(RPCError) in
    let conversation = try await call.conversation(in: store)
    return try await store.performing { store throws(StoreError) in
      try await store.conversationItems(conversation.id, as: call.principal, call.page)
    }.json(\.id, \.listed)
  }

  static let conversationsItemsRetrieve = reading(
    "conversations.items.retrieve", for: .readers,
    .params(.conversation, .include, .itemID, required: ["conversation", "item_id"])
  ) { _, call, store throws(RPCError) in
    let conversation = try await call.conversation(in: store)
    return try await store.performing { store throws(StoreError) in
      try await store.conversationItem(call.itemID, in: conversation.id, as: call.principal)
    }.listed
  }

  static let conversationsItemsDelete = writing(
    "conversations.items.delete", for: .writers,
    .params(.conversation, .itemID, required: ["conversation", "item_id"])
  ) { daemon, call, store throws(RPCError) in
    let conversation = try await call.conversation(in: store)
    let left = try await store.performing { store throws(StoreError) in
      try await store.deleteItem(
        call.itemID, from: conversation.id, as: call.principal, patience: Method.erasurePatience)
    }
    daemon.cache.forgetAll(of: call.subject)
    return left.json
  }
}
