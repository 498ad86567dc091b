internal import Configuration
internal import EventLoop
internal import JSON
internal import Plugins
internal import Store
internal import Wire

/// Under which key an answer is kept, and what may be kept.
struct Caching {
  let request: CacheableRequest
  let policy: CachePolicy
}

/// Answering from what was answered before, or is being answered now.
extension TurnDriver {
  /// Above this a request is digested off the loop (about 0.5 ms).
  private static let largestDigestedBytes = 64 * 1024

  /// Looks for the answer among what is cached and what runs; false where the upstream has to be
  /// asked.
  func answerFromCache(
    _ body: UpstreamBody, _ policy: CachePolicy, _ store: Store?
  ) async throws(RPCError) -> Bool {
    guard policy.isUsed, let request = await cacheable(body) else {
      if policy.mustHit { throw cacheMiss(policy) }
      return false
    }
    let shareKey = policy.joins ? shareKey(request.key, body) : nil
    if join(shareKey) { return true }
    let cache = services.cache
    if policy.reads {
      if let answer = await cache.answer(request.key, of: subject) {
        try await finish(repeating: answer, request.key, body, store)
        return true
      }
      guard !policy.mustHit else { throw cacheMiss(policy) }
      cache.noteMiss()
      // Another may have begun while the disk was read.
      if join(shareKey) { return true }
    }
    if policy.writing != .nothing { caching = Caching(request: request, policy: policy) }
    services.registry.share(self, shareKey)
    return false
  }

  func cachePolicy(_ body: UpstreamBody) -> CachePolicy {
    var circumstances = CachePolicy.Circumstances()
    circumstances.isEnabled = services.cache.configuration.isEnabled
    circumstances.isBackground = request.isBackground
    circumstances.isStored = isStored
    return CachePolicy(request.options.cache, body: body.body, circumstances)
  }

  /// - Returns: nil where the upstream's key can't be had; the attempt reports that.
  private func cacheable(_ body: UpstreamBody) async -> CacheableRequest? {
    let candidate = plan.candidates[0]
    let key: APIKey?
    do throws(RPCError) {
      key = try await candidate.upstream.apiKey(services.upstreams.keys)
    } catch {
      return nil
    }
    let identity = candidate.upstream.identity(of: key)
    let origin = CacheableRequest.Origin(
      subject: subject, upstream: candidate.upstream.name, keyIdentity: identity,
      model: candidate.model)
    let target = services.target(candidate, key: identity, body.object)
    let isSmall = body.size <= Self.largestDigestedBytes
    let (request, leftOut) =
      isSmall
      ? body.cacheable(origin, for: target)
      : await EventLoop.offload { body.cacheable(origin, for: target) }
    self.leftOut = leftOut
    return request
  }

  private func cacheMiss(_ policy: CachePolicy) -> RPCError {
    let reason = policy.obstacle.map { "; \($0)" } ?? ""
    return RPCError(.cacheMiss, "no answer to this request is cached\(reason)")
  }

  /// Whether the request would be answered from the cache, and why; nobody is asked.
  func explainCaching() async throws(RPCError) -> RawJSON {
    let body = try await assembledForLooking()
    let policy = cachePolicy(body)
    guard let request = await cacheable(body) else {
      throw RPCError(.config, "no key for upstream \(upstreamName), which cached answers belong to")
    }
    do throws(StoreError) {
      return try await services.cache.explain(request, policy, of: subject)
    } catch {
      throw RPCError(error)
    }
  }

  // MARK: Joining

  /// Follows an equal request that runs; true where there is one.
  private func join(_ key: ShareKey?) -> Bool {
    guard let owner = services.registry.shared(key),
      owner.request.isStreaming || !request.isStreaming, principal.sees(owner.principal), let reader
    else { return false }
    services.cache.noteJoin()
    owner.addAsker(reader)
    reader.followAsJoined(owner.log) { owner.readerLeft($0, $1) }
    services.state.inBackground { [self] store throws(StoreError) in
      await owner.ended()
      try await recordJoin(owner, in: store)
    }
    take(.answeredElsewhere)
    return true
  }

  /// What equal requests have to agree in beyond their cache key, because they get one response.
  private func shareKey(_ key: CacheKey, _ body: UpstreamBody) -> ShareKey? {
    // The owner of the call alone is asked about tools.
    guard body.context.conversation == nil, request.options.idempotencyKey == nil,
      offered.tools.isEmpty
    else {
      return nil
    }
    let echoes = echoes(body.context).flatMap { Array($0.key.utf8) + $0.value.bytes }
    return ShareKey(
      key: key, echoes: echoes, timeout: request.options.timeout,
      outlives: request.options.onDisconnect == .finish)
  }

  private func recordJoin(_ owner: TurnDriver, in store: Store) async throws(StoreError) {
    var ending = UsageEnding(status: owner.meter.ending?.status ?? "failed", origin: .joined)
    ending.timing.total = Int64((EventLoop.now - created).wholeMicroseconds)
    ending.cost = 0
    var usage = meter.usage
    usage.upstream = owner.upstreamName
    try await store.recordUsage(usage, ending)
    services.onJoinedEnd(self, owner)
    guard isStored, let scope = request.options.scope, ending.status == "completed",
      let id = owner.id
    else { return }
    try await store.setLastResponse(ofScope: scope, to: id, as: principal)
  }

  // MARK: Hits

  /// Answers with a response of its own that repeats a cached one.
  private func finish(
    repeating answer: CachedAnswer, _ key: CacheKey, _ body: UpstreamBody, _ store: Store?
  ) async throws(RPCError) {
    let copy = services.cache.copy(answer, key, of: subject, echoes: echoes(body.context))
    repeated = answer
    let row = newResponse(body, id: copy.id)
    guard let store, mustRecordFirst(answer) else {
      keepReady(body, key)
      give(copy, row, repeating: answer)
      return await services.state.hits.room()
    }
    guard try await begin(row, in: store) else { return }
    recorder?.pending = answer.origin
    give(copy, isRecorded: true)
  }

  /// Answers, and leaves the record for later.
  private func give(
    _ copy: AnswerTemplate.Answer, _ row: NewResponse, repeating answer: CachedAnswer
  ) {
    give(copy, isRecorded: false)
    guard let settled = meter.ending else { return }
    services.state.hits.add(
      CacheHit(
        isStored ? CacheHit.Stored(row, copy.object) : nil, origin: answer.origin,
        usage: meter.usage, settled: settled))
  }

  private func give(_ copy: AnswerTemplate.Answer, isRecorded: Bool) {
    timing.firstEvent = EventLoop.now - created
    let events = isRecorded || request.isStreaming ? copy.events : []
    if isRecorded { services.registry.register(self, copy.id) }
    take(.known(copy.object, events: events, isRecorded: isRecorded))
  }

  // MARK: The same request again

  /// Keeps what the request comes to, where that depends on its bytes alone.
  private func keepReady(_ body: UpstreamBody, _ key: CacheKey) {
    let options = request.options
    guard let params, let identity = plan.candidates[0].upstream.knownIdentity,
      body.context.parent == .none, body.context.previousResponseID == nil,
      !options.continuesScope, options.idempotencyKey == nil, !request.isBackground,
      body.replacement == nil, plan.tools.isEmpty, !body.input.hasResolvedReferences
    else { return }
    services.cache.ready.insert(
      ReadyRequests.Entry(
        request: request, plan: plan, body: body, key: key, keyIdentity: identity,
        echoes: echoes(body.context)), params, as: principal)
  }

  /// Answers from the cache as an equal request was answered before, all in one turn; false where
  /// that is not possible any more, and nothing was done.
  func answerAtOnce(_ entry: ReadyRequests.Entry) -> Bool {
    let services = services
    guard services.hooks.isEmpty(.request), !services.registry.sharesAny,
      plan.candidates[0].upstream.knownIdentity == entry.keyIdentity,
      services.state.hits.hasRoom, !isStored || services.state.isOpen,
      let answer = services.cache.rememberedAnswer(entry.key), answer.isOnDisk || !isStored
    else { return false }
    let copy = services.cache.copy(answer, entry.key, of: subject, echoes: entry.echoes)
    repeated = answer
    connectionTurn?.assembled(entry.body.context, entry.body.input)
    give(copy, newResponse(entry.body, id: copy.id), repeating: answer)
    return true
  }

  /// Others see the turn at once, or its text is nowhere on disk.
  private func mustRecordFirst(_ answer: CachedAnswer) -> Bool {
    !answer.isOnDisk || conversation != nil || request.isBackground
      || request.options.idempotencyKey != nil
  }

  /// Members of the response object that repeat this request and are no part of its key.
  private func echoes(_ context: RequestContext) -> [FreshCopy.Echo] {
    let body = plan.body
    let conversation = context.conversation.map { found in
      RawJSON.object { $0.member("id", found.id) }
    }
    let own: [(String, RawJSON?)] = [
      ("metadata", body.nonNull("metadata") ?? .emptyObject), ("store", .boolean(isStored)),
      ("background", .boolean(request.isBackground)),
      ("previous_response_id", context.previousResponseID.map { .string($0) }),
      ("conversation", conversation),
    ]
    let asked = ["user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"]
    return (own + asked.map { ($0, body.nonNull($0)) }).map { FreshCopy.Echo($0.0, $0.1 ?? .null) }
  }

  // MARK: Keeping

  /// Keeps the answer for the next equal request.
  func keepInCache(_ response: RawJSON) {
    guard let caching, turn.relay.isClean,
      caching.policy.mayKeep(response, toolCalls: toolCalls.count),
      upstreamName == plan.candidates[0].upstream.name
    else { return }
    let isOnDisk = caching.policy.writing == .onDisk
    EventLoop.start { [self] in
      await services.cache.keep(
        response, for: caching.request, of: subject, upstream: upstreamName,
        upstreamID: upstreamID, handle: isOnDisk ? recorder?.handle : nil)
    }
  }
}

extension CachePolicy {
  /// Whether the cache has anything to do with the request.
  var isUsed: Bool { reads || joins || writing != .nothing }
}

extension CachedAnswer {
  /// Who made it, for the row of a response that repeats it.
  fileprivate var origin: ResponseUpdate {
    var update = ResponseUpdate()
    update.upstream = upstream
    update.upstreamID = upstreamID
    return update
  }
}
