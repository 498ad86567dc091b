internal import JSON
internal import Store
internal import Wire

/// Ends the responses that were running when the daemon last stopped or crashed.
enum ResponseRecovery {
  /// Each becomes `incomplete` with the text that had been stored; one of which nothing had come
  /// is `failed`.
  static func run(on store: Store) async throws(StoreError) {
    for response in try await store.interruptedResponses() {
      try await end(response, store)
    }
  }

  private static func end(
    _ response: StoredResponse, _ store: Store
  ) async throws(StoreError) {
    var assembler = ResponseAssembler()
    var last: Int64 = -1
    while true {
      let events = try await store.events(of: response.handle, after: last)
      guard let end = events.last else { break }
      for event in events { assembler.add(RawJSON(checked: event.bytes)) }
      last = end.sequence
    }
    let object = (assembler.assemble(status: "incomplete") ?? response.object).map(interrupted)
    let terminal = object.map { object in
      RawJSON.object { event in
        event.member("type", "response.incomplete")
        event.member("sequence_number", last + 1)
        event.member("response", object)
      }
    }
    _ = try await store.finishResponse(
      response.handle,
      ResponseEnding(
        status: object == nil ? .failed : .incomplete, object: object,
        output: object?["output"]?.elements ?? [], continuesConversation: false),
      after: nil, events: terminal.map { [$0.bytes] } ?? [], from: last + 1)
  }

  private static func interrupted(_ object: RawJSON) -> RawJSON {
    object
      .setting("status", to: .string("incomplete"))
      .setting(
        "incomplete_details", to: .object { $0.member("reason", "interrupted") })
  }
}
