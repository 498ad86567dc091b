package import Configuration
package import EventLoop
internal import HTTPClient
internal import JSON
internal import Plugins
internal import Store
internal import Wire

/// The service: its configuration, upstreams, clients and responses, and what happens between them.
@EventLoop
package final class Daemon {
  private(set) var configuration: Configuration
  let loader: ConfigurationLoader
  let journal: DaemonJournal
  let http: HTTPClient
  private(set) var faces: [any Face] = []
  private(set) lazy var registry = ResponseRegistry { [unowned self] in becameIdle() }
  let models: ModelCatalog
  private(set) lazy var tokens = Tokens(
    makesFirst: configuration.paths.mode == .user, onChange: { [cache] in cache.ready.removeAll() }
  ) { [unowned self] () async throws(RPCError) in try await state.open() }
  let pages = PageSessions()
  /// Where the HTTP face is reached; nil where there is none.
  var httpListening: HTTPListening?
  /// Writes the token that programs of the daemon's own user come with.
  var firstToken: BackgroundTask?
  /// The socket by which people know the daemon.
  private(set) var knownPath: String?
  /// Called when the configuration has changed.
  var onReload: @EventLoop () -> Void = {}
  private(set) lazy var state = StateStore(
    directory: configuration.paths.stateDirectory, observer: self
  ) { [journal] in journal.storageTrouble($0) }
  let lines = ConversationLines()
  let feeds = ConversationFeeds()
  private let knowledge = UpstreamKnowledge()
  let cache: ResponseCache
  let ledger: UsageLedger
  let keys: APIKeys
  private(set) lazy var plugins = PluginSet(launcher: launcher, tools: tools) { [journal] in
    journal.plugin($0.name, $1)
  }
  private(set) lazy var hooks = Hooks(plugins)
  private(set) lazy var tools = ToolSet(
    approvals: Approvals(limit: configuration.limits.approval) { [journal] in
      journal.approval($0, $1)
    },
    definitions: ApprovedDefinitions { [unowned self] () async throws(RPCError) in
      try await state.open()
    }
  ) { [journal] in journal.toolProblem($0, $1) }
  private(set) var upstreams: [String: Upstream] = [:]
  private let launcher: Plugin.Launcher
  private let prewarmer: Prewarmer
  private let breakerProbe: BreakerProbe
  /// What is wrong with the configuration on disk, as it was last read.
  private(set) var findings: ConfigurationErrors?
  /// Whether the configuration in force stands in for one that could never be read.
  private var isStandIn: Bool
  /// Reloads that have begun.
  private var reloads = 0
  /// Which of them was the last that counted.
  private var latestReload = 0
  let started = EventLoop.now
  private(set) var isDraining = false
  private var statusTimer: TimerSource?
  private var isStatusDue = false
  private var drainTimer: TimerSource?
  private var houseTimer: TimerSource?
  private var isLeaving = false
  /// How long a slow client may take for the end of its answers when the daemon stops.
  private static let longestFarewell: Duration = .seconds(2)
  private var restTimer: TimerSource?
  /// Without a response for this long, freed memory goes back to the system.
  private static let restTime: Duration = .seconds(2)
  private var lastResponse: LoopInstant?
  /// Without a response for this long, its code goes too.
  private static let longRest: Duration = .seconds(60)

  /// - Parameters:
  ///   - errors: why `configuration` stands in for the one on disk. Requests are then refused with
  ///     them: a service that never came up would take its socket down with it.
  ///   - mask: of file modes, as the user has it.
  package init(
    _ configuration: Configuration, errors: ConfigurationErrors? = nil,
    loader: ConfigurationLoader, journal: Journal, mask: UInt32
  ) throws(LoopError) {
    self.configuration = configuration
    self.loader = loader
    findings = errors
    isStandIn = errors != nil
    let log = DaemonJournal(journal, configuration.log)
    self.journal = log
    keys = APIKeys(paths: configuration.paths)
    launcher = Plugin.Launcher(for: configuration.paths, mask: mask)
    Self.hideKeys(configuration)
    do throws(HTTPError) {
      http = try HTTPClient()
    } catch {
      throw LoopError("curl_multi_init", code: 12, error.message)
    }
    cache = ResponseCache(configuration.cache) { log.storageTrouble($0) }
    ledger = UsageLedger(
      configuration, http: http, onWarning: { log.budgetWarning($0) },
      onTrouble: { log.warn($0) })
    models = ModelCatalog(ledger: ledger)
    prewarmer = Prewarmer(http: http)
    breakerProbe = BreakerProbe(http: http, keys: keys)
    updateUpstreams()
    EventLoop.onSlowTurn { log.slowTurn($0) }
  }

  /// Keys from the environment are taken by now; nobody who looks at the process should see them.
  private static func hideKeys(_ configuration: Configuration) {
    let sources = configuration.upstreams.flatMap { [$0.keySource, $0.proxy?.credentialSource] }
    let named = sources.compactMap { source in
      if case .environment(let name)? = source { name } else { nil as String? }
    }
    let looked = configuration.upstreams.map { APIKeys.variable($0.name) }
    let secret = Set(named + looked)
    ProcessEnvironment.erase { secret.contains($0) || $0.hasSuffix("_API_KEY") }
  }

  // MARK: Life

  /// Serves the clients of faces that listen, and says so to systemd and the journal.
  ///
  /// - Parameter path: of the socket by which people know the daemon.
  func start(_ faces: [any Face], knownBy path: String?) throws(LoopError) {
    self.faces += faces
    knownPath = path
    state.name(path)
    let hasWatchdog = try EventLoop.enableWatchdog()
    ServiceNotifier.ready(status: statusText)
    journal.started(version: Version.text, hasWatchdog: hasWatchdog)
    if let findings { journal.reloadFailed(findings) }
    for warning in configuration.warnings { journal.warn(warning) }
    updatePlugins()
    try keepHouse()
    restTimer = try TimerSource { [unowned self] in
      if registry.running.isEmpty { rest() }
    }
    restTimer?.arm(after: Self.restTime)
  }

  private func becameIdle() {
    lastResponse = EventLoop.now
    if isDraining { drained() } else { restTimer?.arm(after: Self.restTime) }
  }

  /// What the start needed is not needed again; what responses need stays for a while.
  private func rest() {
    Memory.giveBack()
    let pause = lastResponse.map { EventLoop.now - $0 } ?? Self.longRest
    if pause >= Self.longRest { return Memory.unmapCode() }
    restTimer?.arm(after: Self.longRest - pause)
  }

  /// Ends what a crash left over, now, and drops what is too old, now and every hour.
  private func keepHouse() throws(LoopError) {
    let timer = try TimerSource { [unowned self] in
      houseTimer?.arm(after: .seconds(3600))
      let store = configuration.store
      EventLoop.start { [self] in
        do throws(RPCError) {
          let policy = RetentionPolicy(
            maximumAge: store.maximumAge, maximumBytes: store.maximumSize, eventAge: store.events)
          let start = EventLoop.now
          let expiry = try await state.open().performing { store throws(StoreError) in
            try await store.expire(policy)
          }
          state.lastExpiry = ExpiryRecord(
            endedAt: SystemClock.milliseconds(), duration: EventLoop.now - start, expiry: expiry)
        } catch {
          // That the database can't be opened was said when it was tried.
          if state.isOpen { journal.storageTrouble(error.message) }
        }
      }
    }
    houseTimer = timer
    timer.arm(after: .zero)
  }

  /// Takes no new work, lets running responses end for `limits.drain`, then stops the loop.
  package func drain() {
    guard !isDraining else { return stopNow() }
    isDraining = true
    ServiceNotifier.stopping(status: "Finishing \(registry.running.count) responses")
    journal.stopping(running: registry.running.count)
    for face in faces { face.stopListening() }
    guard !registry.running.isEmpty else { return drained() }
    do throws(LoopError) {
      drainTimer = try TimerSource { [unowned self] in stopNow() }
      drainTimer?.arm(after: configuration.limits.drain)
    } catch {
      stopNow()
    }
  }

  private func stopNow() {
    for run in registry.running.values { run.stop(.shutdown) }
    if registry.running.isEmpty { drained() }
  }

  /// The answers are on their way; clients that read get the rest of them.
  private func drained() {
    guard !isLeaving else { return }
    isLeaving = true
    EventLoop.start { [self] in
      let deadline = EventLoop.now + Self.longestFarewell
      while EventLoop.now < deadline, faces.contains(where: \.hasOutput) {
        await EventLoop.sleep(for: .milliseconds(5))
      }
      await cache.writeUses()
      await plugins.close()
      await state.close()
      EventLoop.stop()
    }
  }

  // MARK: Configuration

  /// Reads everything again and takes all of it or nothing. Of several at once, one that began later
  /// and was done sooner counts: it saw what is newer.
  package func reload() async -> Result<Configuration, ConfigurationErrors> {
    ServiceNotifier.reloading()
    reloads += 1
    let number = reloads
    let loader = loader
    let result = await EventLoop.offload {
      Result { () throws(ConfigurationErrors) in try loader.load() }
    }
    if number > latestReload {
      latestReload = number
      take(result)
    }
    ServiceNotifier.ready(status: statusText)
    return result
  }

  private func take(_ result: Result<Configuration, ConfigurationErrors>) {
    switch result {
    case .success(let loaded):
      configuration = loaded
      knownServices = nil
      findings = nil
      isStandIn = false
      journal.configuration = loaded.log
      for face in faces { face.use(ClientLimits(loaded.limits)) }
      cache.configuration = loaded.cache
      cache.ready.removeAll()
      ledger.apply(loaded)
      updateUpstreams()
      updatePlugins()
      models.forget()
      onReload()
      journal.reloaded(loaded)
    case .failure(let errors):
      findings = errors
      journal.reloadFailed(errors)
    }
  }

  /// A configuration that stands in for one with mistakes says nothing about plugins.
  private func updatePlugins() {
    guard !isStandIn else { return }
    tools.approvals.limit = configuration.limits.approval
    plugins.update(
      configuration.plugins, longestResult: configuration.limits.line,
      hidden: configuration.privatePaths)
  }

  private func updateUpstreams() {
    var updated: [String: Upstream] = [:]
    for upstream in configuration.upstreams {
      let running = upstreams[upstream.name] ?? Upstream(upstream, probe: breakerProbe)
      running.configuration = upstream
      running.isOwnFace = { [unowned self] in isOwnFace($0) }
      running.forgetKey()
      updated[upstream.name] = running
    }
    upstreams = updated
  }

  private var knownServices: ResponseServices?

  /// Made once for a configuration.
  var responseServices: ResponseServices {
    if let knownServices { return knownServices }
    let made = makeResponseServices()
    knownServices = made
    return made
  }

  private func makeResponseServices() -> ResponseServices {
    ResponseServices(
      upstreams: UpstreamServices(
        http: http, keys: keys, maximumQueue: configuration.limits.queue,
        onHealth: { [unowned self] in journal.upstream($0.name, $1) }),
      limits: configuration.limits,
      idempotencyLifetime: configuration.store.idempotency,
      replan: { [unowned self] plan, body, options throws(RPCError) in
        try plan.replaced(by: body, options, configuration, upstreams)
      },
      registry: registry, state: state,
      lines: lines, knowledge: knowledge, feeds: feeds, cache: cache, ledger: ledger,
      hooks: hooks, tools: tools,
      onFinished: { [unowned self] run, ending in
        // Behind the answer: the client need not wait for the journal.
        EventLoop.atEndOfTurn { [self] in
          journal.responseEnded(run, ending)
          scheduleStatus()
        }
        if ending.status == "cancelled" { prewarm() }
      },
      onJoinedEnd: { [unowned self] in journal.joinedEnded($0, $1) },
      onStorageTrouble: { [unowned self] in journal.storageTrouble($0) })
  }

  // MARK: Clients

  /// Takes a face in, or lets it go.
  func adopt(_ face: any Face) { faces.append(face) }
  func leave(_ face: any Face) { faces.removeAll { $0 === face } }

  /// All that are connected, whichever way they came in.
  var clients: [ConnectedClient] { faces.flatMap(\.clients) }

  private func prewarm() {
    prewarmer.expectRequest(to: upstreams[configuration.defaultUpstream])
  }

  func clientConnected() {
    prewarm()
    scheduleStatus()
  }

  func clientDisconnected() {
    scheduleStatus()
    // What a client sent may have been much.
    restTimer?.arm(after: Self.restTime)
  }

  // MARK: Status

  /// Why requests are refused.
  var configurationErrors: ConfigurationErrors? { isStandIn ? findings : nil }

  var statusText: String {
    if let findings {
      let what = isStandIn ? "is not usable" : "was not reloaded"
      return "Configuration \(what): \(findings.errors[0])"
    }
    let failure = httpListening?.failures.first.map { ", not served: \($0)" } ?? ""
    return "\(clients.count) clients, \(registry.running.count) responses\(failure)"
  }

  /// Tells systemd at most once a second.
  func scheduleStatus() {
    guard !isStatusDue, !isDraining else { return }
    do throws(LoopError) {
      if statusTimer == nil {
        statusTimer = try TimerSource { [unowned self] in
          isStatusDue = false
          if !isDraining { ServiceNotifier.status(statusText) }
        }
      }
      statusTimer?.arm(after: .seconds(1))
      isStatusDue = true
    } catch {
      journal.warn(error.description)
    }
  }
}
