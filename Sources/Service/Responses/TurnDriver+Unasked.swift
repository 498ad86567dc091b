internal import EventLoop
internal import JSON
internal import Store
internal import Wire

extension TurnDriver {
  /// Answers without asking anybody: what was said is there for a request that goes on from it.
  func answerUnasked(_ body: UpstreamBody, _ store: Store?) async throws(RPCError) {
    let row = newResponse(body)
    let object = unaskedObject(row.id, body.context)
    let events = ResponseReplay.events(of: object).map(\.bytes)
    guard isStored, let store else {
      meter.begin(in: services.state)
      return take(.known(object, events: events, isRecorded: false))
    }
    guard try await begin(row, in: store) else { return }
    services.registry.register(self, row.id)
    take(.known(object, events: events, isRecorded: true))
  }

  private func unaskedObject(_ id: String, _ context: RequestContext) -> RawJSON {
    var object = RawJSON.blankResponse(
      id: id, status: "completed", createdAt: createdAt, model: model,
      plan.body.withoutToolSecrets)
    for each in echo(of: context) where each.mode != .missing {
      object = object.setting(each.key, to: each.value)
    }
    return
      object
      .setting("completed_at", to: .integer(createdAt))
      .setting("usage", to: Self.noUsage)
  }

  private static let noUsage = RawJSON.object { usage in
    usage.member("input_tokens", 0)
    usage.key("input_tokens_details")
    usage.object { $0.member("cached_tokens", 0) }
    usage.member("output_tokens", 0)
    usage.key("output_tokens_details")
    usage.object { $0.member("reasoning_tokens", 0) }
    usage.member("total_tokens", 0)
  }
}
