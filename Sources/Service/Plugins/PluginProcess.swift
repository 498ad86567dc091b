internal import EventLoop
internal import JSON
internal import Wire

/// One run of a plugin: its lines in and out, from its start to its end.
///
/// Invariants:
/// 1. Every call ends: with its answer, its limit, its task or the process.
/// 2. `onEnd` is called once, when nothing of the process is left or it was given up.
/// 3. After a line that breaks the protocol nothing more is read.
@EventLoop
final class PluginProcess: PluginTransport {
  /// Bytes of a line that a plugin may write.
  static let maximumLineBytes = 1 << 20
  /// Calls in a row that may time out without a single line from the plugin.
  private static let mostSilentTimeouts = 3
  /// Requests of the plugin that are being answered.
  private static let mostRequests = 64
  /// Bytes of one read(2), and of a turn.
  private static let readBytes = 64 * 1024

  let name: String
  let child: GuardedChild
  let started = EventLoop.now
  let calls: PendingCalls
  let input: PluginInput
  private var framer = LineFramer(maximumLineBytes: maximumLineBytes)
  private var gauge = FloodGauge(now: EventLoop.now)
  private var outputSource: IOSource?
  private let stderr: PluginStderr
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
  private var whoWaits: [CheckedContinuation<Void, Never>] = []

  var onNotification: (String, RawJSON) -> Void = { _, _ in }
  var onRequest: (String, RawJSON) async -> Result<RawJSON, RPCError> = { method, _ in
    .failure(RPCError(.methodNotFound, "there is no method \(RawJSON.string(method).excerpt)"))
  }
  /// Called with why it ended.
  var onEnd: (String) -> Void = { _ in }

  /// Takes a child over; where it throws, the child stays the caller's.
  init(
    _ child: GuardedChild, name: String, onStderr: @escaping (StderrLines.Entry) -> Void
  ) throws(LoopError) {
    self.name = name
    self.child = child
    calls = PendingCalls(plugin: name)
    input = PluginInput(child.input)
    stderr = try PluginStderr(child.error, onEntry: onStderr)
    endTimer = try TimerSource { [weak self] in self?.goOnEnding() }
    outputSource = try IOSource(child.output.descriptor, .readable) { [weak self] _ in self?.read()
    }
    calls.onTimeout = { [weak self] in self?.countTimeout() }
    input.onClosed = { [weak self] in self?.hungUp("closed its standard input") }
    // The process is kept until its end by this.
    child.onExit { [self] in ended(as: $0) }
  }

  var processID: Int32? { endReason == nil ? child.processID : nil }
  var hasEnded: Bool { endReason != nil }

  // MARK: To the plugin

  func ready() async throws(PluginError) {
    if let reason = endReason ?? cause { throw PluginError(.died, reason, plugin: name) }
  }

  func call(
    _ method: String, _ params: RawJSON, limit: Duration, onAbandoned: ((RawJSON) -> Void)? = nil
  ) async throws(PluginError) -> RawJSON {
    guard !isStopping, !hasEnded, cause == nil else {
      throw PluginError(.died, endReason ?? cause ?? "is being stopped", plugin: name)
    }
    let id = calls.nextID()
    let outcome = await calls.outcome(of: id, limit: limit, onAbandoned: onAbandoned) {
      write(#""id":\#(id),"method":\#(RawJSON.string(method).text),"params":"#, params)
    }
    return try outcome.get()
  }

  func notify(_ method: String, _ params: RawJSON) {
    _ = write(#""method":\#(RawJSON.string(method).text),"params":"#, params)
  }

  private func write(_ head: String, _ value: RawJSON) -> Bool {
    input.send(
      Array(#"{"jsonrpc":"2.0",\#(head)"#.utf8), value.onOneLine.bytes, Array("}\n".utf8))
  }

  // MARK: From the plugin

  private func read() {
    var buffer = [UInt8](repeating: 0, count: Self.readBytes)
    switch child.output.read(into: &buffer) {
    case .bytes(let count): receive(buffer.span.extracting(0..<count))
    case .wouldBlock: return
    case .endOfStream:
      stopReading()
      hungUp("closed its standard output")
    }
  }

  private func receive(_ bytes: borrowing Span<UInt8>) {
    do throws(LineFramer.LineTooLong) {
      try framer.append(bytes) { line in
        if cause == nil { receive(line) }
      }
    } catch {
      breach("wrote a line of more than \(error.maximumLineBytes) bytes")
    }
  }

  private func receive(_ line: ArraySlice<UInt8>) {
    silentTimeouts = 0
    do throws(RPCRefusal) {
      switch try RPCMessage(line: line) {
      case .response(let id, let result): receive(calls.receive(id, result), line)
      case .request(let request): if isWelcome(line) { receive(request) }
      }
    } catch {
      breach("wrote a line that is no JSON-RPC message (\(error.error.code.rawValue))")
    }
  }

  private func receive(_ reception: PendingCalls.Reception, _ line: ArraySlice<UInt8>) {
    switch reception {
    case .taken: return
    case .late: _ = isWelcome(line)
    case .unknown: breach("answered a call that was never made")
    }
  }

  /// Counts a line that nobody asked for.
  private func isWelcome(_ line: ArraySlice<UInt8>) -> Bool {
    guard gauge.overflows(bytes: line.count, now: EventLoop.now) else { return true }
    breach("floods its standard output")
    return false
  }

  private func receive(_ request: RPCRequest) {
    guard let id = request.id else { return onNotification(request.method, request.params) }
    guard requests < Self.mostRequests else {
      return answer(
        id, .failure(RPCError(.overloaded, "\(requests) requests are in flight", isRetryable: true))
      )
    }
    requests += 1
    EventLoop.start { [self] in
      answer(id, await onRequest(request.method, request.params))
      requests -= 1
    }
  }

  private func answer(_ id: RPCID, _ result: Result<RawJSON, RPCError>) {
    switch result {
    case .success(let json): _ = write(#""id":\#(id.json.text),"result":"#, json)
    case .failure(let error): _ = write(#""id":\#(id.json.text),"error":"#, error.json)
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
    calls.failAll(.protocolViolation, what)
    kill(what)
  }

  // MARK: Its end

  /// Waits until nothing of it is left.
  func end() async {
    await withCheckedContinuation { continuation in
      if hasEnded { return continuation.resume() }
      whoWaits.append(continuation)
    }
  }

  /// Takes what it still wrote before its end; a pipe's fill.
  func drain() {
    for _ in 0..<(Self.maximumLineBytes / Self.readBytes) where outputSource != nil { read() }
    stopReading()
    stderr.finish()
  }

  func finish(_ reason: String) {
    guard !hasEnded else { return }
    drain()
    endReason = reason
    endTimer?.cancel()
    input.close()
    child.output.close()
    calls.failAll(.died, reason)
    onEnd(reason)
    for continuation in whoWaits { continuation.resume() }
    whoWaits = []
    onEnd = { _ in }
  }
}
