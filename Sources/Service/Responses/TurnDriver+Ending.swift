internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// How a response ends: its last events, its end on disk, its outcome.
extension TurnDriver {
  /// Writes the end. One that is an error is written when that is possible.
  func store(_ ending: TurnEnding) async {
    guard let recorder else {
      if ending.error != nil { meter.finish(in: services.state) }
      return take(.stored)
    }
    take(await store(ending, recorder))
  }

  private func store(_ ending: TurnEnding, _ recorder: ResponseRecorder) async -> TurnEvent {
    let row = ResponseEnding(
      status: ending.status, object: ending.response ?? failedObject(ending.error),
      output: ending.response?["output"]?.objects ?? [], error: ending.storedError,
      continuesConversation: ending.isContinued)
    let items: [StoredItem]
    if ending.error == nil {
      if attempts?.mayHaveRun == true { recorder.pending = origin }
      do throws(RPCError) {
        items = try await recorder.finish(row, terminal: ending.terminal, usage: meter.settled)
      } catch {
        return .notStored(error)
      }
    } else {
      items = await recorder.finishWhenPossible(row, usage: meter.settled)
    }
    if ending.isContinued, let conversation {
      services.feeds.itemsAdded(items, to: conversation)
    }
    return .stored
  }

  /// Tells everybody the outcome.
  func finish(_ ending: TurnEnding) {
    timing.total = EventLoop.now - created
    deadline?.cancel()
    let outcome: ResponseOutcome =
      if let error = ending.error {
        .failure(error)
      } else {
        .response(ending.response ?? .null, halley: summary(of: ending.response ?? .null))
      }
    let status = ending.toldStatus
    if ending.error != nil, log.identity == nil, recorder != nil, let rowID {
      log.identity = ResponseIdentity(id: rowID, createdAt: createdAt)
    }
    if let id { connectionTurn?.answered(by: asked(of: id)) }
    log.finish(outcome)
    if let acknowledgement, acknowledgement.outcome == nil { acknowledgement.finish(outcome) }
    services.registry.finished(self)
    if let conversation {
      // One that failed and left text is incomplete there.
      let turn = ending.isContinued ? ending.status.rawValue : status
      services.feeds.responseEnded(self, in: conversation, status: turn)
    }
    services.onFinished(self, FinishedResponse(status: status, outcome: outcome, timing: timing))
    tellHooks(outcome, status: status)
    guard ending.error == nil, repeated == nil || recorder != nil, let response = ending.response
    else { return }
    meter.finish(in: services.state)
    keepInCache(response)
  }

  private func asked(of id: String) -> StoredContext.Origin {
    let upstream = repeated?.upstream ?? upstreamName
    return StoredContext.Origin(
      responseID: id, upstream: upstream, upstreamID: repeated?.upstreamID ?? upstreamID,
      keyIdentity: attempts?.keyIdentity,
      model: plan.candidates.first { $0.upstream.name == upstream }?.model)
  }

  /// Ends without an outcome: another response answers instead, or it goes on without the daemon.
  func endWithoutOutcome() {
    meter.release()
    deadline?.cancel()
    services.registry.finished(self)
  }

  // MARK: Objects

  /// The response as it stands, for who asks while it runs.
  var currentObject: RawJSON? {
    turn.relay.partialResponse(of: log.events, status: "in_progress")
      ?? id.flatMap { backgroundObject($0, status: "queued") }
  }

  /// The response as it ended; nil while it runs, and where there is none but an error.
  var finalObject: RawJSON? {
    switch log.outcome {
    case .response(let object, _)?: object
    case .failure(let error)?:
      turn.relay.partialResponse(of: log.events, status: "incomplete") ?? failedObject(error)
    case nil: nil
    }
  }

  func backgroundObject(_ id: String, status: String) -> RawJSON? {
    guard request.isBackground else { return nil }
    return .background(
      id: id, status: status, createdAt: createdAt, model: model, plan.body.withoutToolSecrets)
  }

  /// The object of a background response of which nothing came but an error.
  private func failedObject(_ error: RPCError?) -> RawJSON? {
    guard let error, let id else { return nil }
    return backgroundObject(id, status: "failed")?.setting("error", to: error.summary)
  }

  func summary(of response: RawJSON) -> RawJSON {
    .object(capacity: 384) { halley in
      halley.member("upstream", repeated?.upstream ?? upstreamName)
      let upstreamID = repeated == nil ? upstreamID : repeated?.upstreamID
      halley.member("upstream_id", upstreamID.map { .string($0) } ?? .null)
      if repeated == nil, let id = attempts?.requestID { halley.member("request_id", id) }
      halley.member("cache", repeated == nil ? "miss" : "hit")
      if let repeated { halley.member("cached_at", repeated.cachedAt / 1000) }
      if let conversation { halley.member("conversation", conversation.reference) }
      halley.member("cost_usd", cost.map { $0.json } ?? .null)
      halley.member("attempts", turn.attempts)
      halley.key("timing_ms")
      timing.write(to: &halley)
      halley.member("tool_calls", toolCalls.count)
      let leftOut = attempts?.leftOut ?? leftOut
      if leftOut > 0 { halley.member("left_out", leftOut) }
    }
  }
}
