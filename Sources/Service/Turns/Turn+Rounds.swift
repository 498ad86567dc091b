internal import JSON
internal import Wire

/// The rounds of a response whose model calls the daemon's tools.
extension Turn {
  /// Concludes what came of a round, where it was the last one, or has its calls made.
  mutating func endRound(_ stream: Stream, _ log: LoggedEvents) -> [TurnAction] {
    switch stream.end {
    case .failed(let failure, let isHeld): return fail(failure, isHeld: isHeld, stream.error, log)
    case .refused(let error): return fail(with: stopCause.map { $0.error(error) } ?? error, log)
    case .object(let object):
      return conclude(
        Conclusion(response: relay.ended(ResponseObject(object), nil, log), terminal: nil), log)
    case .streamed, nil: break
    }
    guard let terminal = stream.terminal else {
      return fail(.noTerminal, isHeld: false, stream.error, log)
    }
    guard let told = stream.response, told.json.kind == .object else {
      return fail(.noFinalResponse, isHeld: false, stream.error, log)
    }
    let response = relay.ended(told, terminal.kind, log)
    guard rounds.owners.mayCallDaemon else {
      let agreed = relay.agreed(response, told, log)
      return conclude(Conclusion(response: agreed, terminal: terminal), log)
    }
    let round = rounds.withCallIDs(response.json)
    let items = round["output"]?.objects ?? []
    let calls = round["status"]?.string == "completed" ? rounds.ownCalls(items) : []
    if calls.isEmpty, rounds.count == 0 {
      return conclude(Conclusion(response: response, terminal: terminal), log)
    }
    rounds.end(round)
    guard !calls.isEmpty else { return [.endRound(round)] + concludeRounds(round, log) }
    phase = .callingTools(response: round)
    return [.endRound(round), .callTools(calls)]
  }

  mutating func tell(
    _ type: StaticString, _ item: RawJSON, _ index: Int
  ) -> [TurnAction] {
    guard case .callingTools = phase, stopCause == nil else { return [] }
    let event = relay.own("\(type)") {
      $0.member("output_index", index)
      $0.member("item", item)
    }
    return [.append([event])]
  }

  mutating func endTools(
    _ outputs: [RawJSON], _ isAtLimit: Bool, _ log: LoggedEvents
  ) -> [TurnAction] {
    guard case .callingTools(let response) = phase else { return [] }
    guard stopCause == nil else { return fail(.stopped, isHeld: false, nil, log) }
    rounds.add(output: outputs)
    let items = response["output"]?.objects ?? []
    let needsClient = rounds.needsClient(items)
    if needsClient || rounds.isLast { return concludeRounds(response, isCutOff: !needsClient, log) }
    // Somebody has to read the outputs, and to say what came of them.
    rounds.isLast = isAtLimit || rounds.count >= mostRounds
    phase = .preparing
    return [.prepare(items: items + outputs, isLast: rounds.isLast)]
  }

  /// Ends the response with the items of all rounds.
  ///
  /// - Parameter isCutOff: whether the model would have been asked again.
  private mutating func concludeRounds(
    _ response: RawJSON, isCutOff: Bool = false, _ log: LoggedEvents
  ) -> [TurnAction] {
    var merged = rounds.merged(response)
    if isCutOff {
      merged = merged.setting("status", to: .string("incomplete")).setting(
        "incomplete_details", to: .object { $0.member("reason", "max_tool_calls") })
    }
    return conclude(Conclusion(response: ResponseObject(merged), terminal: nil), log)
  }
}

extension CallFailure {
  fileprivate static let noTerminal = protocolViolation(
    "event", "the stream ended without a terminal event")
  fileprivate static let noFinalResponse = protocolViolation(
    "event", "the terminal event has no response object")
}
