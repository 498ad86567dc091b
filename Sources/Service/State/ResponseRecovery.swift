internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// Ends the responses that were running when the daemon last stopped or crashed.
enum ResponseRecovery {
  /// Each becomes `incomplete` with the text that had been stored, unless its upstream goes on with
  /// it by itself.
  ///
  /// - Parameter canResume: whether the upstream can be asked for the rest.
  /// - Returns: those whose rest can be had.
  static func run(
    on store: Store, canResume: @EventLoop (StoredResponse) -> Bool
  ) async throws(StoreError) -> [StoredResponse] {
    var resumable: [StoredResponse] = []
    for response in try await store.interruptedResponses() {
      if await canResume(response) {
        resumable.append(response)
      } else {
        try await end(response, store)
      }
    }
    return resumable
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
    let began = assembler.assemble(status: "incomplete") ?? response.object
    let object = interrupted(began ?? empty(response))
    // Without events of its own, a response is replayed from its object.
    let terminal = last < 0 ? [] : [terminal(last + 1, object)]
    _ = try await store.finishResponse(
      response.handle,
      ResponseEnding(
        status: .incomplete, object: object, output: object["output"]?.elements ?? [],
        continuesConversation: false),
      after: nil, events: terminal, from: last + 1)
  }

  private static func terminal(_ number: Int64, _ response: RawJSON) -> ArraySlice<UInt8> {
    RawJSON.object { event in
      event.member("type", "response.incomplete")
      event.member("sequence_number", number)
      event.member("response", response)
    }.bytes
  }

  /// The object of a response of which nothing had come.
  private static func empty(_ response: StoredResponse) -> RawJSON {
    RawJSON.background(
      id: response.id, status: "incomplete", createdAt: response.createdAt / 1000,
      model: response.model ?? "",
      .object {
        $0.member("instructions", response.instructions ?? .null)
        $0.member("previous_response_id", response.previousResponseID.map { .string($0) } ?? .null)
      }
    ).setting("background", to: .boolean(response.isBackground))
  }

  private static func interrupted(_ object: RawJSON) -> RawJSON {
    object
      .setting("status", to: .string("incomplete"))
      .setting(
        "incomplete_details", to: .object { $0.member("reason", "interrupted") })
  }
}
