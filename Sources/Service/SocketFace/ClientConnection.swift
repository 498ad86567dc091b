internal import EventLoop
internal import JSON
internal import Plugins
internal import Wire

/// One client: reads its lines, hands requests on, sends what its queue holds.
///
/// Requests that are pending when the client shuts down its writing side run to their end.
@EventLoop
final class ClientConnection: ClientStreamOwner {
  /// Answers that the client has not taken; beyond, its next lines wait in the socket.
  private static let maximumPendingAnswers = 1024

  var caller: Caller
  private let limits: ClientLimits
  private unowned let owner: SocketFace
  private var stream: ClientStream?
  private var framer: LineFramer
  private var output = OutputQueue()
  private let calls = ClientCalls()
  let approvalSession = ApprovalSession()
  private var buffered = 0
  private var outputBytes = 0
  /// Lines that came while the client had not taken its answers.
  private var heldLines: ArraySlice<ArraySlice<UInt8>> = []
  private let work = ClientWork()
  private var gotRoom = Promise<Void>()
  private var pending: Set<RPCID> = []
  private var idleSince = EventLoop.now

  init(
    descriptor: Int32, caller: Caller, limits: ClientLimits, owner: SocketFace
  ) throws(LoopError) {
    self.caller = caller
    self.limits = limits
    self.owner = owner
    framer = LineFramer(maximumLineBytes: limits.maximumLineBytes)
    stream = try ClientStream(descriptor, stalledReader: limits.stalledReader, owner: self)
  }

  /// Requests that have not been answered.
  var requestsInFlight: Int { pending.count }
  var seat: Seat { Seat(userID: caller.userID, isBusy: !pending.isEmpty, idleSince: idleSince) }
  private var isClosed: Bool { stream?.isClosed ?? true }
  private var isReadingEnded: Bool { stream?.isReadingEnded ?? true }

  // MARK: Answers

  /// Errors that say that a limit of the configuration was reached.
  private static let limitCodes: Set<RPCError.Code> = [
    .overloaded, .tooLarge, .tooDeep, .tooComplex,
  ]

  func answer(_ id: RPCID?, _ result: Result<RawJSON, RPCError>) {
    guard !isClosed else { return }
    switch (id, result) {
    case (let id?, .success(let json)): output.add(.answer(id, result: json))
    case (let id, .failure(let error)):
      output.add(.answer(id, error: error))
      if Self.limitCodes.contains(error.code) { owner.daemon.journal.limitReached(error, caller) }
    case (nil, .success): return
    }
    if let id {
      pending.remove(id)
      idleSince = EventLoop.now
      work.forget(id)
    }
    scheduleFlush()
  }

  /// Runs the work that answers a request later; an error that it throws is the answer. A request
  /// that is cancelled meanwhile ends at once where the work gives it a source.
  ///
  /// - Parameter isInTurn: whether the answer may be of any size. It is made after those asked for
  ///   earlier, once the client has taken enough of them, so that unfinished answers are bounded
  ///   too.
  func perform(_ id: RPCID, isInTurn: Bool = false, _ body: @escaping ClientWork.Body) {
    let mayBegin: @EventLoop () async -> Bool = { [self] in
      if isInTurn { await room() }
      return !isInTurn || !isClosed
    }
    work.begin(id, isInTurn: isInTurn, mayBegin: mayBegin, body) { [self] in
      answer(id, .failure($0))
    }
  }

  /// Cancels a request, whether or not it has a source yet.
  func cancel(_ id: RPCID) {
    if let source = output.sources.first(where: { $0.id == id }) {
      return source.cursor.leave(.cancelled)
    }
    if pending.contains(id) { work.cancel(id) }
  }

  private func room() async {
    while isPaused, !isClosed {
      gotRoom = Promise()
      await gotRoom.wait()
    }
  }

  /// Answers a request with what its cursor comes to, now and later.
  func subscribe(_ id: RPCID, to cursor: any Cursor) {
    guard !isClosed else {
      cursor.detach()
      return cursor.leave(.disconnected)
    }
    output.add(CursorLines(cursor, answering: id))
    cursor.attach(to: caller.name) { [weak self] in self?.scheduleFlush() }
    if work.isCancelled(id) { cursor.leave(.cancelled) }
    work.forget(id)
    scheduleFlush()
  }

  /// Whether the client has not taken everything yet.
  var hasOutput: Bool { !output.isFinished || stream?.hasUnsent == true }

  /// Sends a request of ours and waits for what the client answers. A question about one of the
  /// client's own requests (`request`) is sent behind that one's events.
  func ask(_ method: String, _ params: RawJSON, limit: Duration) async -> ClientAnswer {
    let lines = output.sources.first { $0.id.json == params["request"] }
    return await calls.perform(limit: limit) { id in
      let question = OutputFrame.request(.string(id), method, params)
      if let lines { lines.add(question) } else { output.add(question) }
      scheduleFlush()
    }
  }

  // MARK: Reading

  /// Whether the client has so much left to read that no more work is done for it. A single answer
  /// may be larger than the limits.
  var isPaused: Bool {
    output.pendingAnswers >= Self.maximumPendingAnswers
      || output.answerBytes >= limits.maximumOutputBytes
      || (output.answerBytes > 0 && owner.outputBytes >= limits.maximumOutputBytesOfAll)
  }

  func receive(_ bytes: borrowing Span<UInt8>) {
    do throws(LineFramer.LineTooLong) {
      try framer.append(bytes) { line in take(line) }
    } catch {
      refuseRest(
        RPCError(
          .tooLarge, "a line of more than \(error.maximumLineBytes) bytes",
          details: [("limit", .integer(error.maximumLineBytes))]))
    }
    guard !isReadingEnded else { return account(0) }
    account(framer.bufferedBytes + heldLines.reduce(0) { $0 + $1.count })
  }

  /// Keeps all input buffers together below their limit.
  private func account(_ bytes: Int) {
    owner.inputBytes += bytes - buffered
    buffered = bytes
    guard owner.inputBytes > limits.maximumBufferedBytes, bytes > 0 else { return }
    owner.inputBytes -= buffered
    buffered = 0
    refuseRest(
      RPCError.exhausted("the input buffers of all clients are full"))
  }

  private func take(_ line: ArraySlice<UInt8>) {
    guard !isReadingEnded, !line.allSatisfy({ $0 == 0x0D || $0 == 0x20 || $0 == 0x09 }) else {
      return
    }
    if isPaused || !heldLines.isEmpty { heldLines.append(line) } else { execute(line) }
  }

  /// Goes on with what had to wait, as far as the client has taken its answers.
  func goOn() {
    accountOutput()
    guard !isPaused else { return }
    gotRoom.resolve(())
    guard !heldLines.isEmpty else { return }
    while !isPaused, let line = heldLines.popFirst() { execute(line) }
    guard heldLines.isEmpty else { return }
    heldLines = []
    if !isReadingEnded { account(framer.bufferedBytes) }
  }

  private func execute(_ line: ArraySlice<UInt8>) {
    do throws(RPCRefusal) {
      switch try RPCMessage(line: line, limits: limits.json) {
      case .request(let request): accept(request)
      case .response(let id, let result): calls.receive(id, result)
      }
    } catch {
      answerRefusal(error)
    }
  }

  /// An id that is in flight must stay so: the refusal does not end the first request with it.
  private func answerRefusal(_ refusal: RPCRefusal) {
    if let id = refusal.id, pending.contains(id) {
      output.add(.answer(id, error: refusal.error))
      return scheduleFlush()
    }
    answer(refusal.id, .failure(refusal.error))
  }

  private func accept(_ request: RPCRequest) {
    guard let id = request.id else { return owner.perform(request, from: self) }
    guard !pending.contains(id) else {
      return answerRefusal(
        RPCRefusal(
          id: id, error: RPCError(.invalidRequest, "id \(id.json.text) is still in flight")))
    }
    guard pending.count < limits.maximumRequests else {
      return answer(
        id,
        .failure(
          RPCError(
            .overloaded, "\(pending.count) requests are in flight on this connection",
            isRetryable: true, details: [("retry_after_ms", .integer(100))])))
    }
    pending.insert(id)
    owner.perform(request, from: self)
  }

  func receiveEnd() {
    let rest = framer.takeRest()
    stopReading()
    account(0)
    if !rest.isEmpty { refuseUnended(rest.count) }
  }

  /// Nothing more is read, so nothing can be answered to us either.
  private func stopReading() {
    stream?.stopReading()
    calls.close()
  }

  private func refuseUnended(_ count: Int) {
    answer(
      nil,
      .failure(
        RPCError(
          .parseError, "the stream ends within a line: \(count) bytes, no LF behind them",
          details: [("offset", .integer(count))])))
  }

  /// Answers, sends what is queued, and reads nothing any more.
  private func refuseRest(_ error: RPCError) {
    stopReading()
    _ = framer.takeRest()
    answer(nil, .failure(error))
  }

  // MARK: Writing

  private func scheduleFlush() {
    guard !isClosed else { return }
    accountOutput()
    stream?.wake()
  }

  func nextOutput() -> ArraySlice<UInt8> {
    output.nextChunk { lines in
      pending.remove(lines.id)
      lines.cursor.detach()
    }
  }

  /// Keeps count of what all clients have not taken.
  private func accountOutput() {
    owner.outputBytes += output.answerBytes - outputBytes
    outputBytes = output.answerBytes
  }

  var isDone: Bool { pending.isEmpty && heldLines.isEmpty && output.isFinished }

  func hangUp() { stream?.close() }

  /// What the client asked for is told that it has gone.
  func closed() {
    stopReading()
    account(0)
    pending = []
    heldLines = []
    let sources = output.removeAllSources()
    output = OutputQueue()
    accountOutput()
    gotRoom.resolve(())
    for source in sources {
      source.cursor.detach()
      source.cursor.leave(.disconnected)
    }
    owner.closed(self)
  }
}

extension ClientConnection: Approver {
  var canApprove: Bool { caller.canApprove }
}
