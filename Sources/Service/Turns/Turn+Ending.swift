internal import JSON
internal import Store
internal import Wire

/// How a turn ends: its last events, its end on disk, its outcome.
extension Turn {
  /// Ends with a response, when its items have their ids.
  mutating func conclude(_ conclusion: Conclusion, _ log: LoggedEvents) -> [TurnAction] {
    guard unnamed == nil else { return [] }
    if case .storage(let error)? = stopCause { return fail(with: error, log) }
    let response = conclusion.response
    phase = .concluding(conclusion)
    if let item = newItem(of: response) { return name(item, at: nil) }
    let seen = relay.asSeen(response)
    if let terminal = conclusion.terminal {
      return finish(
        seen, response.status, [relay.rendered(terminal, of: response, as: seen)])
    }
    guard relay.count == 0 else {
      let type = ResponseReplay.terminalType(status: response.status)
      return finish(seen, response.status, [relay.rendered(type, seen)])
    }
    // An answer of one piece.
    let events = ResponseReplay.events(of: seen).map(\.bytes)
    relay.skip(events.count - 1)
    return [.append(events.dropLast())]
      + finish(seen, response.status, Array(events.suffix(1)))
  }

  private mutating func finish(
    _ response: RawJSON, _ status: String?, _ terminal: [ArraySlice<UInt8>]
  ) -> [TurnAction] {
    let ending = ending(of: response, status, terminal)
    phase = .ending(ending)
    return [.settleUsage(ending), .store(ending)]
  }

  func ending(
    of response: RawJSON, _ status: String?, _ terminal: [ArraySlice<UInt8>]
  ) -> TurnEnding {
    let told = ResponseStatus(rawValue: status ?? "") ?? .completed
    let status = told.isFinal ? told : .completed
    return TurnEnding(
      status: status, response: response, terminal: terminal,
      isContinued: status == .completed || status == .incomplete || response.hasContent)
  }

  // MARK: Without a response of the upstream's

  /// - Parameter event: an error event that the upstream sent before.
  mutating func fail(
    _ failure: CallFailure, isHeld: Bool, _ event: RawJSON?, _ log: LoggedEvents
  ) -> [TurnAction] {
    switch stopCause {
    case .shutdown? where isHeld && identity.upstreamID != nil:
      // It goes on there, and here after the next start.
      return leave(isKept: true)
    case .cancelled?, .shutdown?: return cancel(log)
    case let cause?: return fail(with: cause.error(failure.error), log)
    case nil:
      guard let event, log.count > 0 else { return fail(with: failure.error, log) }
      return fail(with: event, log)
    }
  }

  private mutating func cancel(_ log: LoggedEvents) -> [TurnAction] {
    let partial = relay.partialResponse(of: log, status: "cancelled")
    guard let response = partial ?? id.flatMap({ blank($0, "cancelled") }) else {
      return fail(with: StopCause.cancelled.error(.responseNotFound("")), log)
    }
    return finish(
      response, response["status"]?.string, [relay.rendered("response.incomplete", response)])
  }

  /// The upstream sent an error event and nothing behind it: the response has failed.
  private mutating func fail(with event: RawJSON, _ log: LoggedEvents) -> [TurnAction] {
    guard let partial = relay.partialResponse(of: log, status: "failed") else {
      return fail(with: CallFailure.streamError(event).error, log)
    }
    let error = event.nonNull("error") ?? event
    let failure = RawJSON.object {
      $0.member("code", error.nonNull("code") ?? .string("server_error"))
      $0.member("message", error.nonNull("message") ?? .string("the upstream sent an error event"))
    }
    let response = partial.setting("error", to: failure)
    return finish(response, "failed", [relay.rendered("response.failed", response)])
  }

  /// Ends with an error; what came is kept under its id, and in its conversation where there is any.
  /// A client that knows nothing of it need not wait for the disk: an error acknowledges nothing. One
  /// that has its id may ask for it as soon as the error is told.
  mutating func fail(with error: RPCError, _ log: LoggedEvents) -> [TurnAction] {
    var error = error
    error.details.append(("attempts", .integer(attempts)))
    let stored = error.json
    let partial = relay.partialResponse(of: log, status: "incomplete")
    if let partial { error.details.append(("response", partial)) }
    let isKept = partial?.hasContent == true
    let ending = TurnEnding(
      status: partial == nil ? .failed : .incomplete, response: partial, error: error,
      storedError: stored, isContinued: isKept)
    guard isKept || id != nil else {
      phase = .ended
      return [.settleUsage(ending), .finish(ending), .store(ending)]
    }
    phase = .ending(ending)
    return [.settleUsage(ending), .store(ending)]
  }

  mutating func stored() -> [TurnAction] {
    guard case .ending(let ending) = phase else { return [] }
    phase = .ended
    return [.append(ending.terminal), .finish(ending)]
  }
}

extension StopCause {
  /// - Parameter error: what the stop led to.
  func error(_ error: RPCError) -> RPCError {
    switch self {
    case .cancelled, .shutdown:
      RPCError(.cancelled, "the request was cancelled before its response began")
    case .deadline(let limit):
      CallFailure.timeout(.total, phase: .answered, "no end", after: limit).error
    case .storage(let storage): storage
    }
  }
}
