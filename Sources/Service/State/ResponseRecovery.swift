internal import EventLoop
package import JSON
package import Store
internal import Wire

/// Ends the responses that were running when the daemon last stopped or crashed.
///
/// One that can't be read or ended is logged and given up; it never keeps the daemon from the
/// others.
package enum ResponseRecovery {
  /// Each becomes `incomplete` with the text that had been stored, unless its upstream goes on with
  /// it by itself.
  ///
  /// - Parameter canResume: whether the upstream can be asked for the rest.
  /// - Returns: those whose rest can be had.
  /// - Throws: errors of the disk or of the whole database.
  package static func run(
    on store: Store, canResume: @EventLoop (StoredResponse) -> Bool,
    onTrouble: @EventLoop (String) -> Void
  ) async throws(StoreError) -> [ResumableResponse] {
    var resumable: [ResumableResponse] = []
    for found in try await store.interruptedResponses() {
      do throws(StoreError) {
        let response = try found.get()
        if await canResume(response) {
          let principal = try await store.principal(of: response)
          resumable.append(ResumableResponse(response: response, principal: principal))
        } else {
          try await end(response, store, onTrouble)
        }
      } catch {
        guard error.isOfOneRow else { throw error }
        await onTrouble("An interrupted response can't be ended: \(error)")
      }
    }
    return resumable
  }

  private static func end(
    _ response: StoredResponse, _ store: Store, _ onTrouble: @EventLoop (String) -> Void
  ) async throws(StoreError) {
    var recovered = RecoveredResponse(object: response.object, otherwise: empty(response))
    do throws(StoreError) {
      while true {
        let events = try await store.events(of: response.handle, after: recovered.next - 1)
        guard !events.isEmpty else { break }
        for event in events { recovered.add(event.bytes, number: event.sequence) }
      }
    } catch {
      guard error.isOfOneRow else { throw error }
      recovered.isDamaged = true
      await onTrouble("Events of interrupted response \(response.id) can't be read: \(error)")
    }
    _ = try await store.finishResponse(
      response.handle, recovered.ending, after: nil, events: recovered.terminal,
      from: recovered.next)
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
}

/// A response whose rest can be had, and on whose behalf it was asked for.
package struct ResumableResponse: Sendable {
  package let response: StoredResponse
  package let principal: Principal
}

extension StoreError {
  /// Whether other rows may well be read and written.
  fileprivate var isOfOneRow: Bool {
    switch code {
    case .corrupt, .conflict, .notFound, .failed: true
    default: false
    }
  }
}

/// What is left of a response that was interrupted: its row, and the events that were stored.
package struct RecoveredResponse {
  private let initial: RawJSON
  private var assembler = ResponseAssembler()
  /// The number of the event behind the last one.
  package private(set) var next: Int64 = 0
  /// Whether there are events that can't be read; none can then be added behind them.
  package var isDamaged = false

  /// - Parameter object: the response object that is stored, if any.
  /// - Parameter other: what stands in where neither it nor an event tells of the response.
  package init(object: RawJSON?, otherwise other: RawJSON) {
    initial = object.flatMap { $0.kind == .object ? $0 : nil } ?? other
  }

  package mutating func add(_ event: ArraySlice<UInt8>, number: Int64) {
    assembler.add(RawJSON(checked: event))
    next = number.addingSaturating(1)
  }

  package var ending: ResponseEnding {
    let object = object
    return ResponseEnding(
      status: .incomplete, object: object, output: object["output"]?.objects ?? [],
      continuesConversation: object.hasContent)
  }

  /// The terminal event, as it is stored behind the others. Without events of its own, a response is
  /// replayed from its object.
  package var terminal: [ArraySlice<UInt8>] {
    guard next > 0, !isDamaged else { return [] }
    let event = RawJSON.object { event in
      event.member("type", "response.incomplete")
      event.member("sequence_number", next)
      event.member("response", object)
    }
    return [event.bytes]
  }

  private var object: RawJSON {
    (assembler.assemble(status: "incomplete") ?? initial)
      .setting("status", to: .string("incomplete"))
      .setting("incomplete_details", to: .object { $0.member("reason", "interrupted") })
  }
}
