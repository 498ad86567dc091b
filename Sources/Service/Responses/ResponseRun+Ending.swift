internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// How a response ends: its last events, its end on disk, its outcome.
extension ResponseRun {
  func complete(_ result: CallResult) async {
    if id == nil { await settleAtEnd() }
    if case .storage(let error)? = stopCause { return await finish(error: error) }
    switch result {
    case .streamed:
      guard let terminal else {
        return await fail(.protocolViolation("event", "the stream ended without a terminal event"))
      }
      guard let response = relay.finalResponse(of: terminal) else {
        return await fail(
          .protocolViolation("event", "the terminal event has no response object"))
      }
      await identifyItems(of: response)
      let seen = relay.asSeen(response)
      await finish(seen, [relay.rendered(terminal, as: seen)])
    case .object(let object) where log.count > 0:
      let whole = relay.ended(object)
      await identifyItems(of: whole)
      let response = relay.asSeen(whole)
      let type = ResponseReplay.terminalType(status: response["status"]?.string)
      await finish(response, [relay.rendered(type, response)])
    case .object(let object):
      if timing.firstEvent == nil { timing.firstEvent = EventLoop.now - created }
      let whole = relay.ended(object)
      await identifyItems(of: whole)
      let response = relay.asSeen(whole)
      var events = ResponseReplay.events(of: response).map(\.bytes)
      let last = events.removeLast()
      for event in events { log.append(event) }
      await finish(response, [last])
    }
  }

  /// An answer of one piece, or a stream of its terminal event alone.
  func settleAtEnd() async {
    settleID()
    await settling?.value
  }

  func fail(_ failure: CallFailure) async {
    switch stopCause {
    case .shutdown? where isHeldByUpstream:
      // It goes on there, and here after the next start.
      await recorder?.pause()
      endWithoutOutcome()
    case .cancelled?, .shutdown?: await finishCancelled()
    case let cause?: await finish(error: error(of: cause, failure.error))
    case nil:
      if let errorEvent, log.count > 0 { return await finishFailed(errorEvent) }
      await finish(error: failure.error)
    }
  }

  func error(of cause: StopCause, _ error: RPCError) -> RPCError {
    switch cause {
    case .cancelled, .shutdown:
      RPCError(.cancelled, "the request was cancelled before its response began")
    case .deadline(let limit):
      CallFailure.timeout(.total, phase: .answered, "no end", after: limit).error
    case .storage(let storage): storage
    }
  }

  /// Whether the upstream runs the response whether or not anybody listens.
  var isHeldByUpstream: Bool {
    request.isBackground && upstreamID != nil && attempts?.isHeld == true
  }

  func finishCancelled() async {
    if isHeldByUpstream, let upstreamID { attempts?.cancelAtUpstream(upstreamID) }
    var partial = relay.partialResponse(status: "cancelled")
    if partial == nil { partial = backgroundObject(status: "cancelled") }
    guard let response = partial else {
      return await finish(error: error(of: .cancelled, .responseNotFound("")))
    }
    await finish(response, [relay.rendered("response.incomplete", response)])
  }

  /// The upstream sent an error event and nothing behind it: the response has failed.
  func finishFailed(_ event: RawJSON) async {
    guard let partial = relay.partialResponse(status: "failed") else {
      return await finish(error: CallFailure.streamError(event).error)
    }
    let error = event.nonNull("error") ?? event
    let failure = RawJSON.object {
      $0.member("code", error.nonNull("code") ?? .string("server_error"))
      $0.member("message", error.nonNull("message") ?? .string("the upstream sent an error event"))
    }
    let response = partial.setting("error", to: failure)
    await finish(response, [relay.rendered("response.failed", response)])
  }

  /// Ends with an error; what came is kept under its id, and in its conversation where there is any.
  /// A client that got none of it need not wait for the disk: an error acknowledges nothing.
  func finish(error: RPCError) async {
    var error = error
    error.details.append(("attempts", .integer(attemptCount)))
    let stored = error.json
    let partial = relay.partialResponse(status: "incomplete")
    if let partial { error.details.append(("response", partial)) }
    settleUsage("failed", partial)
    let isKept = partial?.hasContent == true
    if !isKept { end(.failure(error), status: "failed") }
    if let recorder {
      let ending = ResponseEnding(
        status: partial == nil ? .failed : .incomplete,
        object: partial ?? backgroundObject(status: "failed")?.setting("error", to: error.summary),
        output: partial?["output"]?.objects ?? [], error: stored,
        continuesConversation: isKept)
      let items = await recorder.finishWhenPossible(ending, usage: meter.settled)
      if isKept, let conversation { services.feeds.itemsAdded(items, to: conversation) }
    } else {
      meter.finish(in: services.state)
    }
    if isKept { end(.failure(error), status: "failed", turn: "incomplete") }
  }

  func finish(_ response: RawJSON, _ terminal: [ArraySlice<UInt8>]) async {
    let status = ResponseStatus(rawValue: response["status"]?.string ?? "") ?? .completed
    let ending = ResponseEnding(
      status: status.isFinal ? status : .completed, object: response,
      output: response["output"]?.objects ?? [],
      continuesConversation: status == .completed || status == .incomplete || response.hasContent)
    settleUsage(ending.status.rawValue, response)
    if let recorder {
      if attempts?.mayHaveRun == true { recorder.pending = origin }
      do throws(RPCError) {
        let items = try await recorder.finish(ending, terminal: terminal, usage: meter.settled)
        if ending.continuesConversation, let conversation {
          services.feeds.itemsAdded(items, to: conversation)
        }
      } catch {
        return await finish(error: error)
      }
    }
    for event in terminal { log.append(event) }
    timing.total = EventLoop.now - created
    end(.response(response, halley: summary(of: response)), status: ending.status.rawValue)
    meter.finish(in: services.state)
    keepInCache(response)
  }

  /// - Parameter turn: the status of the turn for those who watch its conversation, where it is
  ///   another.
  func end(_ outcome: ResponseOutcome, status: String, turn: String? = nil) {
    timing.total = EventLoop.now - created
    isFinished = true
    deadline?.cancel()
    log.finish(outcome)
    if let acknowledgement, acknowledgement.outcome == nil { acknowledgement.finish(outcome) }
    services.registry.finished(self)
    if let conversation {
      services.feeds.responseEnded(self, in: conversation, status: turn ?? status)
    }
    services.onFinished(self, FinishedResponse(status: status, outcome: outcome, timing: timing))
    tellHooks(outcome, status: status)
  }

  /// Returns when it has ended, also on disk.
  func ended() async {
    await task?.value
  }

  /// Ends without an outcome: another response answers instead, or it goes on without the daemon.
  func endWithoutOutcome() {
    isFinished = true
    meter.release()
    deadline?.cancel()
    services.registry.finished(self)
  }

  // MARK: Objects

  /// The response as it stands, for who asks while it runs.
  var currentObject: RawJSON? {
    relay.partialResponse(status: "in_progress")
      ?? backgroundObject(status: "queued")
  }

  /// The response as it ended; nil while it runs, and where there is none but an error.
  var finalObject: RawJSON? {
    switch log.outcome {
    case .response(let object, _)?: object
    case .failure(let error)?:
      relay.partialResponse(status: "incomplete")
        ?? backgroundObject(status: "failed")?.setting("error", to: error.summary)
    case nil: nil
    }
  }

  func backgroundObject(status: String) -> RawJSON? {
    guard request.isBackground else { return nil }
    return id.map {
      .background(
        id: $0, status: status, createdAt: createdAt, model: model,
        plan.body.withoutToolSecrets)
    }
  }

  func summary(of response: RawJSON) -> RawJSON {
    .object { halley in
      halley.member("upstream", repeated?.upstream ?? upstreamName)
      let upstreamID = repeated == nil ? upstreamID : repeated?.upstreamID
      halley.member("upstream_id", upstreamID.map { .string($0) } ?? .null)
      halley.member("cache", repeated == nil ? "miss" : "hit")
      if let repeated { halley.member("cached_at", repeated.cachedAt / 1000) }
      if let conversation { halley.member("conversation", conversation.reference) }
      halley.member("cost_usd", cost.map { $0.json } ?? .null)
      halley.member("attempts", attemptCount)
      halley.member("timing_ms", timing.json)
      halley.member("tool_calls", toolCalls)
      let leftOut = attempts?.leftOut ?? leftOut
      if leftOut > 0 { halley.member("left_out", leftOut) }
    }
  }
}
