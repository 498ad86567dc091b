internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// What a response goes on from, and its row in the store.
extension ResponseRun {
  /// Finds the context and makes the row; nil where an earlier create stands for this one.
  func prepare() async throws(RPCError) -> UpstreamBody? {
    guard try !joinRunning() else { return nil }
    guard needsStore else {
      return UpstreamBody(
        body: plan.body, input: RequestInput(items: [], hasResolvedReferences: false),
        context: RequestContext(), isBackground: request.isBackground)
    }
    let store = try await services.state.open()
    var context = try await RequestContext.find(request, of: uid, in: store)
    if let found = context.conversation { try await takeTurn(in: found) }
    try await context.load(of: uid, from: store)
    let uid = uid
    let input = try await RequestInput.read(plan.body) { id async throws(RPCError) in
      await Daemon.item(id, uid, store)
    }
    let body = UpstreamBody(
      body: plan.body, input: input, context: context, isBackground: request.isBackground)
    if !context.isUpstreams, plan.body.nonNull("prompt") == nil {
      try input.checkCalls(after: context.turns.flatMap { $0.items.map(\.json) })
    }
    relay.echo = echo(of: context)
    return try await record(body, in: store) ? body : nil
  }

  /// Follows the same create where it runs; true where it does.
  private func joinRunning() throws(RPCError) -> Bool {
    guard let key = request.options.idempotencyKey else { return false }
    guard let earlier = services.registry.running(key, of: uid) else {
      services.registry.owns(self, idempotencyKey: key)
      return false
    }
    guard earlier.request.bodyDigest == request.bodyDigest else {
      throw RPCError(
        .conflict, "idempotency key \"\(key)\" is in use for a request with another body")
    }
    services.registry.join(self, earlier)
    return true
  }

  /// A request that goes on from nothing and leaves nothing does not touch the disk.
  private var needsStore: Bool {
    isStored || request.isBackground || request.options.idempotencyKey != nil
      || request.previousResponseID != nil || request.conversation != nil
      || request.options.continuesScope
  }

  func takeTurn(in found: StoredConversation) async throws(RPCError) {
    do {
      try await services.lines.enter(found.id, orReject: request.options.onBusy == .reject)
      conversation = found
    } catch let error as RPCError {
      throw error
    } catch {
      throw RPCError(.cancelled, "the request was cancelled while its conversation was busy")
    }
  }

  /// Makes the row; false where the same create was made before, which is joined.
  func record(_ body: UpstreamBody, in store: Store) async throws(RPCError) -> Bool {
    let recorder = ResponseRecorder(
      store: store, log: log, onTrouble: services.onStorageTrouble)
    self.recorder = recorder
    let row = newResponse(body)
    if request.isBackground || row.idempotency != nil {
      // What is answered at once, or must not be done twice, is on disk first.
      if let existing = try await recorder.begin(row) {
        try await services.registry.join(self, existing, store)
        return false
      }
      if request.isBackground { settle(row.id) }
      return true
    }
    beginning = EventLoop.start { [self] in
      do throws(RPCError) { _ = try await recorder.begin(row) } catch { stop(.storage(error)) }
    }
    return true
  }

  func newResponse(_ body: UpstreamBody) -> NewResponse {
    var row = NewResponse(uid: uid, parent: body.context.parent, input: body.input.items)
    row.isStored = isStored
    row.isBackground = request.isBackground
    row.status = request.isBackground ? .queued : .inProgress
    row.model = plan.candidates[0].model
    row.upstream = plan.candidates[0].upstream.name
    row.client = peer.name
    row.previousResponseID = body.context.previousResponseID
    row.scope = request.options.scope
    row.instructions = plan.body.nonNull("instructions")
    // Without its text a response can't be replayed: then only one that runs is joined.
    row.idempotency = (isStored ? request.options.idempotencyKey : nil).map { key in
      NewResponse.Idempotency(key: key, bodyHash: request.bodyDigest)
    }
    return row
  }

  /// What the client asked and the upstream is not told.
  func echo(of context: RequestContext) -> [ResponseEcho] {
    var echo = [ResponseEcho(key: "store", value: .boolean(isStored), isAdded: false)]
    guard !context.isUpstreams else { return request.isBackground ? backgroundEcho : [] }
    if let id = context.previousResponseID {
      echo.append(ResponseEcho(key: "previous_response_id", value: .string(id), isAdded: true))
    }
    if let conversation = context.conversation {
      let value = RawJSON.object { $0.member("id", conversation.id) }
      echo.append(ResponseEcho(key: "conversation", value: value, isAdded: true))
    }
    return echo + (request.isBackground ? backgroundEcho : [])
  }

  private var backgroundEcho: [ResponseEcho] {
    [ResponseEcho(key: "background", value: .boolean(true), isAdded: true)]
  }

  /// The id is known from the start: the client is answered before the upstream is.
  func settle(_ id: String) {
    self.id = id
    services.registry.register(self, id)
    relay.replaceResponseID(with: id)
    acknowledge(backgroundObject(status: "queued"))
  }

  func acknowledge(_ object: RawJSON?) {
    guard let acknowledgement, acknowledgement.outcome == nil, let object else { return }
    acknowledgement.finish(.response(object, halley: summary(of: object)))
  }
}
