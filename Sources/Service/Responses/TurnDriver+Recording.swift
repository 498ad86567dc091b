internal import Configuration
internal import EventLoop
internal import JSON
internal import Plugins
internal import Store
internal import Wire

/// What a response goes on from, and its row in the store.
extension TurnDriver {
  /// Finds the context, looks for an answer that is there already, and makes the row; nil where
  /// another response answers.
  func prepare() async throws(RPCError) -> UpstreamBody? {
    guard try !joinRunning() else { return nil }
    let store = needsStore ? try await services.state.open() : nil
    var atOnce: UpstreamBody?
    if store == nil { atOnce = try assembledAtOnce() }
    let assembled = if let atOnce { atOnce } else { try await assemble(from: store) }
    guard connectionTurn?.generates != false else {
      try await answerUnasked(assembled, store)
      return nil
    }
    use(asked)
    var body = assembled
    // What most requests have no need of is not waited for.
    if !plan.tools.isEmpty { body = try await offeringTools(body) }
    if !services.hooks.isEmpty(.request) { body = try await hooked(body) }
    let policy = cachePolicy(body)
    if policy.isUsed || policy.mustHit {
      guard try await !answerFromCache(body, policy, store) else { return nil }
    }
    if services.ledger.mustRestore(for: caller) { _ = try await services.state.open() }
    try meter.reserve(body)
    if let store { return try await record(body, in: store) ? body : nil }
    meter.begin(in: services.state)
    return body
  }

  /// - Parameter store: nil for a request that goes on from nothing and leaves nothing.
  /// - Parameter takesTurn: whether to wait until the conversation is free.
  private func assemble(
    from store: Store?, takesTurn: Bool = true
  ) async throws(RPCError) -> UpstreamBody {
    let previous = connectionTurn?.previous
    var context = previous.map { RequestContext(after: $0) } ?? RequestContext()
    if let store {
      context = try await RequestContext.find(
        request, as: principal, in: store, unstored: previous)
      if takesTurn, let found = context.conversation { try await takeTurn(in: found) }
      try await context.load(as: principal, from: store)
    }
    let input = try await readInput()
    return try assembled(input, context, isAlone: store == nil && previous == nil)
  }

  /// The body of a request for which the store is not asked; nil where its input refers to what may
  /// be stored.
  private func assembledAtOnce() throws(RPCError) -> UpstreamBody? {
    guard let input = RequestInput(plain: plan.object.nonNull("input")) else { return nil }
    let previous = connectionTurn?.previous
    let context = previous.map { RequestContext(after: $0) } ?? RequestContext()
    return try assembled(input, context, isAlone: previous == nil)
  }

  /// - Parameter isAlone: whether it goes on from nothing and leaves nothing.
  private func assembled(
    _ input: RequestInput, _ context: RequestContext, isAlone: Bool
  ) throws(RPCError) -> UpstreamBody {
    connectionTurn?.assembled(context, input)
    let body = UpstreamBody(
      plan.object, input: input, context: context, isBackground: request.isBackground)
    guard !isAlone else { return body }
    if plan.object.nonNull("prompt") == nil {
      try input.checkCalls(
        after: context.turns.flatMap { $0.items.map(\.json) },
        asynchronous: plan.body.asynchronousTools)
    }
    meter.usage.conversation = context.conversation?.id
    return body
  }

  private func readInput() async throws(RPCError) -> RequestInput {
    let principal = principal
    let state = services.state
    return try await RequestInput.read(plan.body) { id async throws(RPCError) in
      try await state.open().itemIfThere(id, as: principal)
    }
  }

  /// Plans the request without sending it, for callers that only look at the plan.
  func assembledForLooking() async throws(RPCError) -> UpstreamBody {
    let store = needsStore ? try await services.state.open() : nil
    return try await hooked(offeringTools(assemble(from: store, takesTurn: false)))
  }

  /// Follows the same create where it runs, or where it ended and is not stored; true where it does.
  private func joinRunning() throws(RPCError) -> Bool {
    guard let key = request.options.idempotencyKey else { return false }
    let registry = services.registry
    if let earlier = registry.running(key, of: subject) {
      try require(earlier.principal, earlier.request.bodyDigest, key)
      registry.join(self, earlier)
      return true
    }
    guard let ended = registry.unstored.response(forKey: key, of: subject, at: EventLoop.now)
    else {
      registry.owns(self, idempotencyKey: key)
      return false
    }
    try require(ended.principal, ended.bodyDigest, key)
    registry.join(self, ended)
    return true
  }

  /// Refuses a key that was used for something else.
  private func require(
    _ maker: Principal, _ digest: [UInt8], _ key: String
  ) throws(RPCError) {
    guard principal.sees(maker) else {
      throw RPCError(.conflict, "idempotency key \"\(key)\" was used with another token")
    }
    guard digest == request.bodyDigest else {
      throw RPCError(
        .conflict, "idempotency key \"\(key)\" is in use for a request with another body")
    }
  }

  /// A request that goes on from nothing and leaves nothing does not touch the disk.
  private var needsStore: Bool {
    let goesOnFromStored =
      request.previousResponseID != nil
      && connectionTurn?.previous?.parent != NewResponse.Parent.none
    return isStored || request.isBackground || request.options.idempotencyKey != nil
      || goesOnFromStored || request.conversation != nil
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
  private func record(_ body: UpstreamBody, in store: Store) async throws(RPCError) -> Bool {
    let row = newResponse(body)
    if request.isBackground || row.idempotency != nil {
      // What is answered at once, or must not be done twice, is on disk first.
      guard try await begin(row, in: store) else { return false }
      if request.isBackground { settle(row.id) }
      return true
    }
    let recorder = recorder(in: store)
    take(.rowBegun)
    settle { [self] in
      do throws(RPCError) {
        _ = try await recorder.begin(row, meter)
        return .rowWritten
      } catch {
        return .rowFailed(error)
      }
    }
    return true
  }

  /// Returns when the row is on disk; false where the same create was made before, which is joined.
  func begin(_ row: NewResponse, in store: Store) async throws(RPCError) -> Bool {
    if let existing = try await recorder(in: store).begin(row, meter) {
      try await services.registry.join(self, existing, store)
      return false
    }
    take(.rowWritten)
    return true
  }

  private func recorder(in store: Store) -> ResponseRecorder {
    let recorder = ResponseRecorder(store: store, log: log, onTrouble: services.onStorageTrouble)
    self.recorder = recorder
    return recorder
  }

  func newResponse(_ body: UpstreamBody, id: String = StoreID.response()) -> NewResponse {
    var row = NewResponse(
      as: principal, id: id, parent: body.context.parent,
      input: (isStored ? body.context.unstored.flatMap { $0.turn.items.map(\.json) } : [])
        + body.input.items.map(\.withoutToolSecrets))
    rowID = id
    row.isStored = isStored
    row.isBackground = request.isBackground
    row.status = request.isBackground ? .queued : .inProgress
    row.model = plan.candidates[0].model
    row.upstream = plan.candidates[0].upstream.name
    row.client = caller.name
    row.previousResponseID = body.context.previousResponseID
    row.scope = request.options.scope
    row.instructions = plan.object.nonNull("instructions")
    row.idempotency = request.options.idempotencyKey.map { key in
      NewResponse.Idempotency(key: key, bodyHash: request.bodyDigest)
    }
    row.idempotencyLifetime = Int64(services.idempotencyLifetime.wholeMicroseconds / 1000)
    return row
  }

  /// What the client asked and the upstream is not told.
  func echo(of context: RequestContext) -> [ResponseEcho] {
    var echo = [ResponseEcho(key: "store", value: .boolean(isStored), mode: .replaced)]
    if let id = context.previousResponseID {
      echo.append(ResponseEcho(key: "previous_response_id", value: .string(id), mode: .set))
    }
    if let conversation = context.conversation {
      let value = RawJSON.object { $0.member("id", conversation.id) }
      echo.append(ResponseEcho(key: "conversation", value: value, mode: .set))
      // An upstream that keeps state was sent one.
      echo.append(ResponseEcho(key: "previous_response_id", value: .null, mode: .replaced))
    }
    return echo + (request.isBackground ? backgroundEcho : []) + (fillsIn ? missingEcho : [])
  }

  private var backgroundEcho: [ResponseEcho] {
    [ResponseEcho(key: "background", value: .boolean(true), mode: .set)]
  }

  /// What a sparse upstream leaves out, so that the response says it whenever it is read.
  private var missingEcho: [ResponseEcho] {
    let own: [(key: String, value: RawJSON)] = [
      ("object", .string("response")), ("created_at", .integer(createdAt)),
    ]
    return (own + ResponseDefaults.echoes(of: request.body)).map {
      ResponseEcho(key: $0.key, value: $0.value, mode: .missing)
    }
  }

  /// The id is known from the start: the client is answered before the upstream is.
  private func settle(_ id: String) {
    services.registry.register(self, id)
    take(.identified(id))
    acknowledge(backgroundObject(id, status: "queued"))
  }

  func acknowledge(_ object: RawJSON?) {
    guard let acknowledgement, acknowledgement.outcome == nil, let object else { return }
    acknowledgement.finish(.response(object, halley: summary(of: object)))
  }
}
