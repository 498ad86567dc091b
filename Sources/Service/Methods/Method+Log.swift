internal import Configuration
internal import EventLoop
internal import JSON
internal import Store
internal import Wire

extension Method {
  /// The answers that are kept, newest first, each with the first words that were asked.
  static let responsesList = reading(
    "responses.list", for: .readers,
    .params(
      .page, .conversation,
      [
        "client": .nonEmptyString, "model": .nonEmptyString, "scope": .nonEmptyString,
        "since": UsageReport.time,
      ])
  ) { _, call, store throws(RPCError) in
    var log = ResponseLogRequest(call.page)
    log.model = call.text("model")
    log.client = call.text("client")
    log.scope = call.text("scope")
    log.since = UsageReport.start(call["since"])
    if call["conversation"] != nil {
      log.conversation = try await call.conversation(in: store).id
    }
    let request = log
    return try await store.performing { store throws(StoreError) in
      try await store.log(request, as: call.principal)
    }.json(\.id, \.json)
  }
}

extension ResponseSummary {
  fileprivate var json: RawJSON {
    .object { summary in
      summary.member("id", id)
      summary.member("object", "response.summary")
      summary.member("created_at", createdAt / 1000)
      summary.member("status", status)
      summary.member("title", title.map { RawJSON.string($0) } ?? .null)
      summary.member("model", model)
      summary.member("upstream", upstream)
      summary.member("client", client)
      summary.key("conversation")
      if let conversationID {
        summary.object {
          $0.member("id", conversationID)
          $0.member("name", conversationName.map { RawJSON.string($0) } ?? .null)
        }
      } else {
        summary.null()
      }
      summary.member(
        "previous_response_id", previousResponseID.map { RawJSON.string($0) } ?? .null)
      summary.member("cost_usd", cost.map { NanoDollars($0).json } ?? .null)
    }
  }
}
