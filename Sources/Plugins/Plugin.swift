package import Configuration
package import EventLoop
internal import Glibc
package import JSON
internal import Wire

/// A plugin of the configuration: started when it is needed, and again when it ends.
///
/// Phases: stopped → starting → running → stopping → stopped when it rests; from starting and
/// running to restarting and back, or to failed, when it ends by itself; closed from all of them.
@EventLoop
package final class Plugin: PluginTransport {
  /// What runs plugins, and with what around them.
  package struct Launcher: Sendable {
    let environment: [String: String]
    /// Of file modes; nil for what the guard has.
    let mask: UInt32?
    let starter: any PluginStarter

    init(environment: [String: String], mask: UInt32?, starter: any PluginStarter) {
      self.environment = environment
      self.mask = mask
      self.starter = starter
    }

    /// In a service of the user's they are services too, and children anywhere else.
    ///
    /// The user of the system's service has no home but `/`, and is given one.
    @EventLoop package init(for paths: ConfigurationPaths, mask: UInt32) {
      var environment = ProcessEnvironment.current
      if paths.mode == .system, environment["HOME"] ?? "/" == "/" {
        let home = "\(paths.stateDirectory)/home"
        // One that can't be made is told of by whoever needs it.
        unsafe _ = mkdir(home, 0o700)
        environment["HOME"] = home
      }
      if paths.mode == .user, let starter = UnitStarter() {
        self.init(environment: environment, mask: nil, starter: starter)
      } else {
        self.init(environment: environment, mask: mask)
      }
    }

    /// Plugins are children.
    ///
    /// - Parameter guardProgram: see `PluginGuard`; by default the daemon's own, whatever it is
    ///   called, and also when it was replaced meanwhile.
    package init(
      environment: [String: String], mask: UInt32? = nil, guardProgram: String = "/proc/self/exe"
    ) {
      self.init(
        environment: environment, mask: mask, starter: ChildStarter(program: guardProgram))
    }
  }

  enum Phase {
    case stopped
    case starting(PluginProcess?)
    case running(PluginProcess)
    case stopping(PluginProcess)
    case restarting(at: LoopInstant)
    case failed
    case closed
  }

  /// The process in whose start the current task has a part: its calls need not wait for the start
  /// to be over.
  @TaskLocal private static var starting: PluginProcess?

  package let configuration: PluginConfiguration
  let launcher: Launcher
  /// Is told what happens to it.
  private let onEvent: (Plugin, PluginEvent) -> Void
  /// Nil for one that is only called; its requests are refused then (-32601).
  package weak var peer: (any PluginPeer)?
  var phase = Phase.stopped {
    didSet { waiters.review() }
  }
  private var policy: RestartPolicy
  let waiters = PluginWaiters()
  var startTask: Task<Void, Never>?
  var restartTimer: TimerSource?
  var restTimer: TimerSource?
  /// Calls in progress, and other uses that keep it running.
  var uses = 0
  package private(set) var restarts = 0
  /// Why it ended or did not start, or what a hook of it or its tools failed with; the latest.
  package internal(set) var lastError: String?
  private var hookFailures = HookFailures()
  /// Bytes of a result that a tool may have (`limits.line`).
  package var longestResult = LimitsConfiguration().line {
    didSet { process.map(boundResults) }
  }
  /// What its observing hooks are still to be told.
  private(set) lazy var observations = HookQueue(self)
  /// Waits until nobody uses it any longer.
  var lastUses: Task<Void, Never>?

  package init(
    _ configuration: PluginConfiguration, launcher: Launcher,
    onEvent: @escaping (Plugin, PluginEvent) -> Void
  ) {
    self.configuration = configuration
    self.launcher = launcher
    self.onEvent = onEvent
    policy = RestartPolicy(maximumRestarts: configuration.maximumRestarts)
  }

  package var name: String { configuration.name }

  /// As `plugins.list` shows it.
  package var stateName: String {
    switch phase {
    case .stopped: "stopped"
    case .starting: "starting"
    case .running: "running"
    case .stopping, .closed: "stopping"
    case .restarting: "restarting"
    case .failed: "failed"
    }
  }

  var hasFailed: Bool {
    if case .failed = phase { true } else { false }
  }

  package var processID: Int32? { process?.processID }

  var process: PluginProcess? {
    switch phase {
    case .starting(let process): process
    case .running(let process), .stopping(let process): process
    case .stopped, .restarting, .failed, .closed: nil
    }
  }

  // MARK: Calls

  /// Starts the plugin where it does not run; the start takes `start_timeout` at most, which the
  /// limit does not count. What a process that ends was not sent is sent to the next one.
  package func call(
    _ method: String, _ params: RawJSON, limit: Duration, onAbandoned: ((RawJSON) -> Void)? = nil
  ) async throws(PluginError) -> RawJSON {
    if let process = Self.starting, process.name == name {
      return try await process.call(method, params, limit: limit, onAbandoned: onAbandoned)
    }
    beginUse()
    defer { endUse() }
    let deadline = EventLoop.now + limit
    while true {
      let process = try await running(within: limit)
      do throws(PluginError) {
        return try await process.call(method, params, limit: limit, onAbandoned: onAbandoned)
      } catch {
        guard error.code == .unsent, EventLoop.now < deadline else { throw error }
      }
    }
  }

  /// Tells the plugin something, where it runs.
  package func notify(_ method: String, _ params: RawJSON) {
    process?.notify(method, params)
  }

  package func ready() async throws(PluginError) {
    if let process = Self.starting, process.name == name { return try await process.ready() }
    beginUse()
    defer { endUse() }
    _ = try await running(within: configuration.startTimeout)
  }

  private func running(within limit: Duration) async throws(PluginError) -> PluginProcess {
    if case .running(let process) = phase, process.takesCalls { return process }
    if case .stopped = phase { start() }
    return try await waiters.wait(orThrow: unavailable("was not waited for any longer")) {
      [self] in outcome(within: limit)
    }
  }

  /// The running process, or why it is not waited for; nil while it is worth waiting.
  private func outcome(within limit: Duration) -> Result<PluginProcess, PluginError>? {
    switch phase {
    case .running(let process): return process.takesCalls ? .success(process) : nil
    case .failed: return .failure(unavailable("has failed: \(lastError ?? "")"))
    case .closed: return .failure(unavailable("is being stopped"))
    case .restarting(let instant) where instant - EventLoop.now > limit:
      return .failure(unavailable("is not restarted yet: it \(lastError ?? "")"))
    case .stopped, .starting, .stopping, .restarting: return nil
    }
  }

  func unavailable(_ message: String) -> PluginError {
    PluginError(.unavailable, message, plugin: name)
  }

  // MARK: Its start

  /// Starts it in the background, where it does not run.
  package func start() {
    guard case .stopped = phase else { return }
    launch()
  }

  private func launch() {
    phase = .starting(nil)
    startTask = EventLoop.start { [self] in
      do throws(PluginError) {
        try await begin()
      } catch {
        await startFailed(error)
      }
    }
  }

  private func begin() async throws(PluginError) {
    try await checkProgram()
    if let shortcoming = await launcher.starter.shortcoming(for: configuration) {
      tell(.unconfined(shortcoming))
    }
    guard case .starting = phase else { throw unavailable("is being stopped") }
    let process = try spawn()
    phase = .starting(process)
    let deadline = try startDeadline(of: process)
    defer { deadline.cancel() }
    if let reason = await process.child.started() {
      throw unavailable("did not start: \(reason)")
    }
    try await shakeHands(with: process)
    if let reason = process.cause ?? process.endReason {
      throw PluginError(.died, reason, plugin: name)
    }
    guard case .starting = phase else { throw unavailable("is being stopped") }
    if peer == nil { process.startLimit = configuration.startTimeout }
    tell(.started(processID: process.child.processID ?? 0))
    phase = .running(process)
    rest()
  }

  private func boundResults(of process: PluginProcess) {
    process.longestResult = configuration.servesTools ? longestResult : 0
  }

  private func checkProgram() async throws(PluginError) {
    let program = configuration.command.first ?? ""
    let refusal = await EventLoop.offload { () -> String? in
      do throws(TrustedPath.Refusal) {
        try TrustedPath.check(program: program)
        return nil
      } catch {
        return error.description
      }
    }
    if let refusal { throw PluginError(.refused, "is not run: \(refusal)", plugin: name) }
  }

  private func spawn() throws(PluginError) -> PluginProcess {
    do throws(LoopError) {
      let child = try GuardedChild(order, configuration, by: launcher.starter)
      do throws(LoopError) {
        return try process(of: child)
      } catch {
        child.abandon()
        throw error
      }
    } catch {
      throw unavailable("did not start: \(error)")
    }
  }

  private var order: PluginGuard.Order {
    PluginGuard.Order(
      command: configuration.command, directory: configuration.directory ?? "/",
      environment: PluginEnvironment.variables(for: configuration, in: launcher.environment),
      mask: launcher.mask, mayGainPrivileges: configuration.sandbox == .none,
      grace: PluginProcess.grace)
  }

  private func process(of child: GuardedChild) throws(LoopError) -> PluginProcess {
    let process = try PluginProcess(child, of: self)
    boundResults(of: process)
    return process
  }

  private func startDeadline(of process: PluginProcess) throws(PluginError) -> TimerSource {
    let limit = configuration.startTimeout
    do throws(LoopError) {
      let timer = try TimerSource { [weak self, weak process] in
        process?.kill("did not start within \(DurationText.text(limit))")
        self?.startTask?.cancel()
      }
      timer.arm(after: limit)
      return timer
    } catch {
      throw unavailable("did not start: \(error)")
    }
  }

  private func shakeHands(with process: PluginProcess) async throws(PluginError) {
    guard let peer else { return }
    let result = await Self.$starting.withValue(process) {
      do throws(PluginError) {
        try await peer.begin()
        return Result<Void, PluginError>.success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  private func startFailed(_ failure: PluginError) async {
    var error = failure
    if case .starting(let process?) = phase {
      // Why it was ended says more than what that did to the start; and a start is no call that
      // could be sent to the next process.
      if let cause = process.cause ?? (failure.code == .unsent ? process.endReason : nil) {
        error = PluginError(.died, cause, plugin: name)
      }
      // Nothing of this start may meet the next one.
      process.kill(error.message)
      waiters.resume(.failure(error))
      await process.end()
    }
    waiters.resume(.failure(error))
    guard case .starting = phase else { return }
    failed(error.message, isFinal: error.code == .refused, after: .zero)
  }

  // MARK: Its end

  func ended(_ process: PluginProcess, _ reason: String) {
    switch phase {
    case .running(let current) where current === process:
      failed(reason, isFinal: false, after: EventLoop.now - process.started)
    case .stopping(let current) where current === process:
      phase = .stopped
      if !waiters.isEmpty { launch() }
    default: return
    }
  }

  /// - Parameter isFinal: whether another start would come to the same.
  private func failed(_ reason: String, isFinal: Bool, after lifetime: Duration) {
    lastError = reason
    if !isFinal, case .restart(let pause) = policy.ended(after: lifetime) {
      phase = .restarting(at: EventLoop.now + pause)
      tell(.restarting(reason: reason, after: pause))
      armRestart(after: pause)
    } else {
      phase = .failed
      tell(.failed(reason: reason))
    }
  }

  private func armRestart(after pause: Duration) {
    do throws(LoopError) {
      if restartTimer == nil { restartTimer = try TimerSource { [weak self] in self?.restart() } }
      restartTimer?.arm(after: pause)
    } catch {
      phase = .failed
    }
  }

  private func restart() {
    guard case .restarting = phase else { return }
    restarts += 1
    launch()
  }

  // MARK: What is told of it

  private func tell(_ event: PluginEvent) { onEvent(self, event) }

  func report(_ entry: StderrLines.Entry, _ event: (String) -> PluginEvent) {
    switch entry {
    case .line(let text): tell(event(text))
    case .dropped(let count): tell(.dropped(count))
    }
  }

  package func said(_ text: String) { tell(.said(text)) }

  package func note(fault what: String) { lastError = what }

  /// Records that a hook failed, for the status and the journal.
  ///
  /// - Parameters:
  ///   - what: goes on behind the plugin's name.
  ///   - words: what the plugin said about it.
  func hookFailed(_ what: String, words: String? = nil) {
    lastError = what
    guard let text = hookFailures.add(what) else { return }
    tell(.hookFailed(text))
    if let words { said(words) }
  }
}
