internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// Tells those who watch a conversation what happens in it.
@EventLoop
final class ConversationFeeds {
  private var watchers: [String: [ConversationWatcher]] = [:]
  private var running: [String: TurnDriver] = [:]

  nonisolated init() {}

  func add(_ watcher: ConversationWatcher, to conversation: String) {
    watchers[conversation, default: []].append(watcher)
    // One that comes in the middle of an answer sees it from its beginning.
    guard let run = running[conversation] else { return }
    watcher.add(Self.started(run))
    watcher.add(run.log)
  }

  func remove(_ watcher: ConversationWatcher, from conversation: String) {
    watchers[conversation]?.removeAll { $0 === watcher }
    if watchers[conversation]?.isEmpty == true { watchers[conversation] = nil }
  }

  /// Nothing more happens in it.
  func deleted(_ conversation: StoredConversation) {
    for watcher in watchers[conversation.id] ?? [] {
      watcher.finish(RPCError(.notFound, "conversation \(conversation.id) was deleted"))
    }
  }

  func itemsAdded(_ items: [StoredItem], to conversation: StoredConversation) {
    guard !items.isEmpty else { return }
    tell(conversation) { event in
      event.member("type", "conversation.items.added")
      event.member("conversation", conversation.reference)
      event.key("items")
      event.array { for item in items { $0.value(item.listed) } }
    }
  }

  func responseStarted(_ run: TurnDriver, in conversation: StoredConversation) {
    running[conversation.id] = run
    for watcher in watchers[conversation.id] ?? [] {
      watcher.add(Self.started(run))
      watcher.add(run.log)
    }
  }

  func responseEnded(_ run: TurnDriver, in conversation: StoredConversation, status: String) {
    running[conversation.id] = nil
    tell(conversation) { event in
      event.member("type", "conversation.response.ended")
      event.member("conversation", conversation.reference)
      event.member("response_id", run.id.map { .string($0) } ?? .null)
      event.member("status", status)
    }
  }

  private static func started(_ run: TurnDriver) -> RawJSON {
    .object { event in
      event.member("type", "conversation.response.started")
      if let conversation = run.conversation {
        event.member("conversation", conversation.reference)
      }
      event.member("model", run.model)
      event.member("client", run.caller.name)
      event.member("input", run.plan.body["input"] ?? .null)
    }
  }

  private func tell(_ conversation: StoredConversation, _ body: (inout JSONWriter) -> Void) {
    guard let watching = watchers[conversation.id] else { return }
    let event = RawJSON.object(body)
    for watcher in watching { watcher.add(event) }
  }
}

extension StoredConversation {
  /// Its id and name.
  var reference: RawJSON {
    .object {
      $0.member("id", id)
      $0.member("name", name.map { .string($0) } ?? .null)
    }
  }

  /// The API's object, with what the daemon adds: the name and the last use.
  var json: RawJSON {
    .object {
      $0.member("id", id)
      $0.member("object", "conversation")
      $0.member("created_at", createdAt / 1000)
      $0.member("metadata", metadata)
      $0.member("name", name.map { .string($0) } ?? .null)
      if let title { $0.member("title", title) }
      $0.member("updated_at", updatedAt / 1000)
    }
  }
}
