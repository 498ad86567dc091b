internal import Configuration
internal import EventLoop
package import JSON
internal import Wire

/// One run of a plugin: its lines in and out, from its start to its end.
///
/// Invariants:
/// 1. Every call ends: with its answer, its limit, its task or the process.
/// 2. The plugin hears of its end once, when nothing of the process is left or it was given up.
/// 3. What it writes beside the protocol costs a line of the journal, and no call but the one that
///    it was to answer; only a stream of it without end costs the process.
@EventLoop
final class PluginProcess {
  /// Bytes of a line that a plugin may write beyond what it was asked.
  private static let maximumLineBytes = 1 << 20
  /// Bytes of a line that are passed over, beside as many again as it may have.
  private static let passedOverBytes = 8 << 20
  /// A byte of what it was asked may come back as an escape, as in `\u00e4` for two.
  private static let escapedBytes = 3
  /// Calls in a row that may time out without a single line from the plugin.
  private static let mostSilentTimeouts = 3
  /// Requests of the plugin that are being answered.
  private static let mostRequests = 64
  /// Bytes of one read(2), and of a turn.
  private static let readBytes = 64 * 1024

  let name: String
  private weak let plugin: Plugin?
  let child: GuardedChild
  let started = EventLoop.now
  let calls: PendingCalls
  private(set) lazy var input = PluginInput(child.input) { [weak self] in
    self?.hungUp("closed its standard input")
  }
  private var lines = OutputLines()
  private var gauge = FloodGauge(now: EventLoop.now)
  private var noise = StderrLines(now: EventLoop.now)
  /// Bytes of a result that a tool may have; 0 for a plugin without tools.
  var longestResult = 0
  private var longestAsked = 0
  /// How long it has from its start to its first answer; nil when there was one.
  var startLimit: Duration?
  private var outputSource: IOSource?
  /// nil where the journal has it.
  private let stderr: PluginStderr?
  private var silentTimeouts = 0
  private var requests = 0
  /// Ends the process step by step.
  var endTimer: TimerSource?
  /// Why the daemon ended it.
  var cause: String?
  var isStopping = false
  var isTerminated = false
  /// Which of its streams it closed by itself.
  var hangUp: String?
  private(set) var endReason: String?
  private let allEnded = Promise<Void>()

  /// Takes a child over; where it throws, the child stays the caller's.
  init(_ child: GuardedChild, of plugin: Plugin) throws(LoopError) {
    name = plugin.name
    self.plugin = plugin
    self.child = child
    calls = PendingCalls(plugin: name)
    stderr = try child.error.map { end throws(LoopError) in
      try PluginStderr(end) { [weak plugin] in plugin?.report($0, PluginEvent.said) }
    }
    endTimer = try TimerSource { [weak self] in self?.goOnEnding() }
    outputSource = try IOSource(child.output.descriptor, .readable) { [weak self] _ in self?.read()
    }
    // The process is kept until its end by this.
    child.onExit { [self] in ended(as: $0) }
  }

  var processID: Int32? { endReason == nil ? child.processID : nil }
  var hasEnded: Bool { endReason != nil }
  /// Whether it can be sent a call: it has broken no rule and is not ending.
  var takesCalls: Bool { !isStopping && !hasEnded && cause == nil && hangUp == nil }

  // MARK: To the plugin

  func ready() async throws(PluginError) {
    if let reason = endReason ?? cause { throw PluginError(.died, reason, plugin: name) }
  }

  func call(
    _ method: String, _ params: RawJSON, limit: Duration, onAbandoned: ((RawJSON) -> Void)? = nil
  ) async throws(PluginError) -> RawJSON {
    guard takesCalls else {
      throw PluginError(.unsent, endReason ?? cause ?? "is being ended", plugin: name)
    }
    let id = calls.nextID()
    longestAsked = max(longestAsked, params.bytes.count)
    let startLeft = startLimit.map { $0 - (EventLoop.now - started) } ?? .zero
    let lateness =
      startLeft > limit
      ? "gave no answer within \(DurationText.text(startLimit ?? limit)) of its start"
      : "did not answer within \(DurationText.text(limit))"
    let outcome = await calls.outcome(
      of: id, limit: max(limit, startLeft), lateness: lateness, onAbandoned: onAbandoned
    ) { () throws(PluginError) in
      try send(RPCLine(id: .integer(id), method, params))
    }
    if case .failure(let error) = outcome, error.code == .timedOut { countTimeout() }
    return try outcome.get()
  }

  func notify(_ method: String, _ params: RawJSON) {
    input.send(RPCLine(method, params))
  }

  /// Returns where the line ends in all that is sent.
  private func send(_ line: RPCLine) throws(PluginError) -> Int {
    if let end = input.send(line) { return end }
    guard !input.isClosed else {
      throw PluginError(.unsent, "closed its standard input", plugin: name)
    }
    throw PluginError(.unavailable, "does not read what it is sent", plugin: name)
  }

  // MARK: From the plugin

  private func read() {
    var buffer = [UInt8](repeating: 0, count: Self.readBytes)
    switch child.output.read(into: &buffer) {
    case .bytes(let count): receive(buffer[..<count])
    case .wouldBlock: return
    case .endOfStream:
      stopReading()
      hungUp("closed its standard output")
    }
  }

  private var limit: Int {
    max(longestResult, Self.maximumLineBytes + Self.escapedBytes * longestAsked)
  }

  private func receive(_ bytes: ArraySlice<UInt8>) {
    lines.append(bytes, limit: limit) { line in
      guard cause == nil else { return }
      switch line {
      case .whole(let line): receive(line: line)
      case .tooLong(let start, let end, let bytes):
        let id = AnswerID.find(start: start, end: end)
        refuse(start, "a line of more than \(limit) bytes", id, bytes: bytes)
      }
    }
    if lines.lineBytes > 2 * limit + Self.passedOverBytes { breach("writes a line without end") }
  }

  private func receive(line: ArraySlice<UInt8>) {
    guard !line.isEmpty else { return _ = isWelcome(0) }
    do throws(RPCRefusal) {
      let message = try RPCMessage(line: line, limits: .plugins)
      silentTimeouts = 0
      switch message {
      case .response(let id, let result): receive(calls.receive(id, result), line)
      case .request(let request): if isWelcome(line.count) { receive(request) }
      }
    } catch {
      if let complaint = error.complaint, calls.failOnly(complaint) { return startLimit = nil }
      let code = error.error.code.rawValue
      let what = "a line that is no JSON-RPC message (\(code))"
      refuse(line, what, AnswerID.find(in: line), bytes: line.count)
    }
  }

  private func receive(_ reception: PendingCalls.Reception, _ line: ArraySlice<UInt8>) {
    switch reception {
    case .taken, .late: startLimit = nil
    case .unknown: refuse(line, "an answer to no call", nil, bytes: line.count)
    }
  }

  /// Passes over a line, which costs the call that it was to answer, if it is known which.
  ///
  /// What begins like a message may repeat what the plugin was asked, and is no text for people.
  ///
  /// - Parameters:
  ///   - start: of the line, as far as it is kept.
  ///   - bytes: of all of it.
  private func refuse(
    _ start: ArraySlice<UInt8>, _ what: String, _ answered: RawJSON?, bytes: Int
  ) {
    if let answered, calls.fail(answered, "answered with \(what)") { return startLimit = nil }
    guard isWelcome(bytes) else { return }
    let isMessage = start.first == UInt8(ascii: "{") || start.first == UInt8(ascii: "[")
    let text = isMessage ? Array(what.utf8)[...] : start
    for entry in noise.append(text + [0x0A], now: EventLoop.now) { report(noise: entry) }
  }

  private func report(noise entry: StderrLines.Entry) {
    plugin?.report(entry, PluginEvent.noise)
  }

  /// Counts a line that nobody asked for.
  private func isWelcome(_ bytes: Int) -> Bool {
    guard gauge.overflows(bytes: bytes, now: EventLoop.now) else { return true }
    breach("floods its standard output")
    return false
  }

  private func receive(_ request: RPCRequest) {
    guard let id = request.id else {
      plugin?.peer?.receive(request.method, request.params)
      return
    }
    guard requests < Self.mostRequests else {
      return answer(
        id, .failure(RPCError(.overloaded, "\(requests) requests are in flight", isRetryable: true))
      )
    }
    requests += 1
    EventLoop.start { [self] in
      answer(id, await result(of: request))
      requests -= 1
    }
  }

  private func result(of request: RPCRequest) async -> Result<RawJSON, RPCError> {
    if let peer = plugin?.peer { return await peer.answer(request.method, request.params) }
    let method = RawJSON.string(request.method).excerpt
    return .failure(RPCError(.methodNotFound, "there is no method \(method)"))
  }

  private func answer(_ id: RPCID, _ result: Result<RawJSON, RPCError>) {
    switch result {
    case .success(let result):
      input.send(RPCLine(answering: id, result: [result.onOneLine.bytes]))
    case .failure(let error): input.send(RPCLine(answering: id, error: error.json))
    }
  }

  func stopReading() {
    outputSource?.cancel()
    outputSource = nil
  }

  private func countTimeout() {
    silentTimeouts += 1
    guard silentTimeouts >= Self.mostSilentTimeouts else { return }
    kill("did not answer \(silentTimeouts) calls in a row")
  }

  /// Ends the calls and the process of a plugin that does not keep to the protocol.
  private func breach(_ what: String) {
    failCalls(.protocolViolation, what)
    kill(what)
  }

  func failCalls(_ code: PluginError.Code, _ reason: String) {
    calls.failAll(code, reason, sent: input.sentBytes)
  }

  // MARK: Its end

  /// Waits until nothing of it is left.
  func end() async { await allEnded.wait() }

  /// Takes what it still wrote before its end; a pipe's fill.
  func drain() {
    for _ in 0..<(Self.maximumLineBytes / Self.readBytes) where outputSource != nil { read() }
    stopReading()
    for entry in noise.finish(now: EventLoop.now) { report(noise: entry) }
    stderr?.finish()
  }

  func finish(_ reason: String) {
    guard !hasEnded else { return }
    drain()
    endReason = reason
    endTimer?.cancel()
    input.close()
    child.output.close()
    failCalls(.died, reason)
    plugin?.ended(self, reason)
    allEnded.resolve(())
  }
}

extension JSONLimits {
  /// What a plugin writes: as much as an upstream may, and with half of a surrogate pair where a text
  /// was cut in its middle; but no key twice, because of it people and models might see another.
  package static let plugins: JSONLimits = {
    var limits = JSONLimits.relayed
    limits.allowsDuplicateKeys = false
    return limits
  }()
}
