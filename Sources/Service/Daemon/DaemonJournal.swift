internal import Configuration
internal import EventLoop
internal import JSON
internal import Plugins
internal import Store
internal import Wire

/// The entries that the daemon writes, each kind with its id in the catalog.
///
/// They hold counts, ids and error texts of the protocol, never an answer or a key, and a prompt
/// only where the configuration says so.
@EventLoop
final class DaemonJournal {
  /// The ids of systemd/catalog/halley.catalog.
  private enum Kind: String {
    case started = "44a21cea8b6f4629b360510e5491e4e4"
    case stopping = "e2a76184566e479fac339eaf41201acb"
    case reloaded = "d15ec7b6bd0342b2bdce9904c55c751c"
    case reloadFailed = "29016149d4414e39803f98f6370e054c"
    case responseEnded = "a053a212479a44058ebe9cb69c229cbb"
    case upstreamDown = "7114197f4fe648d29919bffddc76afd3"
    case upstreamUp = "e6aac5898d09404e8532ab3c9e027c71"
    case keyMissing = "c751bc153ab14ca5ab6c32d63dec6a78"
    case limitReached = "096e1466a5bc4d52aebe184835aebb80"
    case breakerOpened = "770d9b502d704a39ab1ace9cef1e31b7"
    case pluginCrashed = "d0da5ff8319c4619b0c46812e35d79a2"
    case clientRefused = "6fc765ebcb39452ab315a9979cf14022"
    case storageTrouble = "1c2b93558816413eb26dbf4394b2a545"
    case budgetWarning = "481e4fecca4e434f8dca86adf311747c"
    case slowTurn = "5589cc08b2da4bb998523a15c1567ed4"
  }

  private let journal: Journal
  var configuration: LogConfiguration
  /// Bytes of a prompt that an entry holds, where the configuration asks for prompts.
  private static let longestPrompt = 32 << 10
  private var slowTurns = 0
  private var slowestTurn = Duration.zero
  private var lastSlowTurn = LoopInstant(microseconds: 0)
  private var lastTold: [String: LoopInstant] = [:]
  /// What comes in rows is told of this often.
  private static let pauseBetweenEntries: Duration = .seconds(10)

  init(_ journal: Journal, _ configuration: LogConfiguration) {
    self.journal = journal
    self.configuration = configuration
  }

  private func log(
    _ level: LogLevel, _ message: String, _ kind: Kind? = nil,
    _ fields: [(name: String, value: String)] = []
  ) {
    guard isLogged(level) else { return }
    journal.log(JournalEntry(level, message, id: kind?.rawValue, fields: fields))
  }

  private func isLogged(_ level: LogLevel) -> Bool {
    Int(level.rawValue) <= configuration.level.priority
  }

  func warn(_ message: String) {
    log(.warning, message)
  }

  func started(version: String, hasWatchdog: Bool) {
    log(
      .notice, "halleyd \(version) is ready\(hasWatchdog ? ", with a watchdog" : "")", .started,
      [("VERSION", version)])
  }

  func stopping(running: Int) {
    log(
      .notice, "halleyd is stopping, \(running) responses are running", .stopping,
      [("RUNNING", "\(running)")])
  }

  func reloaded(_ configuration: Configuration) {
    let files = configuration.files.joined(separator: ", ")
    log(
      .notice, "The configuration was read again: \(files.isEmpty ? "no file" : files)", .reloaded,
      [("FILES", files)])
    for warning in configuration.warnings { warn(warning) }
  }

  func reloadFailed(_ errors: ConfigurationErrors) {
    for error in errors.errors {
      log(
        .error, "The configuration is not usable: \(error)", .reloadFailed,
        [("ERROR", "config"), ("CONFIG_KEY", error.key)])
    }
  }

  /// What people should know about a plugin's tools.
  func toolProblem(_ plugin: String, _ text: String) {
    log(.warning, "Plugin \(plugin): \(text)", nil, [("PLUGIN", plugin)])
  }

  /// Whether a tool might run, and who decided it; never what it was to do.
  func approval(_ decision: ApprovalDecision, _ question: ApprovalQuestion) {
    let word = decision.isAllowed ? "allowed" : "denied"
    var fields: [(name: String, value: String)] = [
      ("PLUGIN", decision.tool.plugin), ("TOOL", decision.tool.description), ("DECISION", word),
      ("GROUND", decision.ground.rawValue),
    ]
    if let id = question.responseID { fields.append(("RESPONSE_ID", id)) }
    if let id = question.callID { fields.append(("CALL_ID", id)) }
    let what = question.callID == nil ? "A changed definition of the tool" : "A call of the tool"
    log(
      .notice, "\(what) \(decision.tool) was \(word) (\(decision.ground.rawValue))", nil, fields)
  }

  /// What a plugin writes itself is marked as such: it may be anything, a prompt too.
  private func foreign(_ level: LogLevel, _ name: String, _ message: String) {
    guard isLogged(level) else { return }
    let fields = [(name: "PLUGIN", value: name), ("FOREIGN", "1")]
    var entry = JournalEntry(level, message, fields: fields)
    entry.identifier = "halley-plugin-\(name)"
    journal.log(entry)
  }

  /// What happens to a plugin, and what it says.
  func plugin(_ name: String, _ event: PluginEvent) {
    let fields = [(name: "PLUGIN", value: name)]
    switch event {
    case .started(let id):
      log(.info, "Plugin \(name) runs as process \(id)", nil, fields)
    case .said(let line):
      foreign(.info, name, "Plugin \(name): \(line)")
    case .noise(let line):
      foreign(.warning, name, "Plugin \(name) wrote beside the protocol: \(line)")
    case .dropped(let count):
      log(.warning, "Plugin \(name): \(count) lines that it wrote were left out", nil, fields)
    case .restarting(let reason, let pause):
      let when = DurationText.text(pause)
      log(
        .warning, "Plugin \(name) \(reason); it is started again in \(when)", .pluginCrashed, fields
      )
    case .failed(let reason):
      log(.error, "Plugin \(name) \(reason); it is not started again", .pluginCrashed, fields)
    case .unconfined(let what), .hookFailed(let what):
      log(.warning, "Plugin \(name) \(what)", nil, fields)
    }
  }

  /// The same reason is told of every ten seconds.
  func clientRefused(_ peer: PeerCredentials?, _ reason: String) {
    guard isNews(reason) else { return }
    var fields: [(name: String, value: String)] = []
    if let peer {
      fields = [("CLIENT_PID", "\(peer.processID)"), ("CLIENT_UID", "\(peer.userID)")]
    }
    log(.warning, "A client was refused: \(reason)", .clientRefused, fields)
  }

  /// Who made or ended a token; never the token.
  func token(_ name: String, _ what: String, by caller: Caller) {
    log(
      .notice, "Token \(name) of uid \(caller.userID) was \(what)", nil,
      [("TOKEN", name)] + Self.fields(of: caller))
  }

  func upstream(_ name: String, _ event: Upstream.HealthEvent) {
    let field = (name: "UPSTREAM", value: name)
    switch event {
    case .down(let error):
      log(
        .warning, "Upstream \(name) does not answer: \(error.message)", .upstreamDown,
        [field, ("ERROR", error.code.rawValue)])
    case .up: log(.notice, "Upstream \(name) answers again", .upstreamUp, [field])
    case .breakerOpened:
      log(
        .warning, "Upstream \(name) does not work and is left alone for a while", .breakerOpened,
        [field])
    case .keyMissing(let error):
      log(
        .error, "Upstream \(name) has no usable key: \(error.message)", .keyMissing,
        [field, ("ERROR", error.code.rawValue)])
    }
  }

  /// A client ran into a limit; the same limit of the same client is told of every ten seconds.
  func limitReached(_ error: RPCError, _ caller: Caller) {
    guard isNews("\(caller.processID ?? 0) \(caller.name) \(error.message)") else { return }
    log(
      .warning, "Client \(caller.name) reached a limit: \(error.message)", .limitReached,
      [("ERROR", error.code.rawValue)] + Self.fields(of: caller))
  }

  /// Whether nothing of this key was told for ten seconds.
  private func isNews(_ key: String) -> Bool {
    let now = EventLoop.now
    lastTold = lastTold.filter { now - $0.value < Self.pauseBetweenEntries }
    guard lastTold[key] == nil else { return false }
    lastTold[key] = now
    return true
  }

  func cannotListen(at address: String, _ reason: String) {
    log(.error, "Nobody is served over HTTP at \(address): \(reason)")
  }

  func storageTrouble(_ what: String) {
    log(.error, what, .storageTrouble, [("ERROR", "storage")])
  }

  func migrated(_ migration: Store.Opening.Migration) {
    log(
      .notice,
      "The database was brought from version \(migration.from) to \(migration.to);"
        + " \(migration.backup) is a copy of the older one")
  }

  func budgetWarning(_ warning: Budgets.Warning) {
    log(
      .warning,
      "Of budget \(warning.budget), \(warning.limit.text) USD, \(warning.spent.text) are spent",
      .budgetWarning,
      [
        ("BUDGET", warning.budget), ("SPENT_USD", warning.spent.text),
        ("LIMIT_USD", warning.limit.text),
      ])
  }

  /// Slow turns come in rows; one entry for ten seconds tells of the slowest.
  func slowTurn(_ took: Duration) {
    slowTurns += 1
    slowestTurn = max(slowestTurn, took)
    guard EventLoop.now - lastSlowTurn > Self.pauseBetweenEntries else { return }
    let milliseconds = Int(slowestTurn.milliseconds)
    log(
      .warning,
      "Everything waited for \(slowTurns) turns of the loop, for the slowest \(milliseconds) ms",
      .slowTurn, [("TURN_MS", "\(milliseconds)"), ("TURNS", "\(slowTurns)")])
    lastSlowTurn = EventLoop.now
    slowTurns = 0
    slowestTurn = .zero
  }

  /// One entry for each response, when it has ended.
  func responseEnded(_ run: TurnDriver, _ ending: FinishedResponse) {
    guard isLogged(.notice) else { return }
    var fields = Self.fields(of: run, answeredBy: run)
    fields += [
      ("STATUS", ending.status), ("ATTEMPTS", "\(run.turn.attempts)"),
      ("TOTAL_MS", Self.milliseconds(ending.timing.total)),
      ("CACHE", run.repeated == nil ? "miss" : "hit"),
    ]
    if let cost = run.cost { fields.append(("COST_USD", cost.text)) }
    if let first = ending.timing.firstEvent {
      fields.append(("FIRST_EVENT_MS", Self.milliseconds(first)))
    }
    fields += Self.tokenFields(run.meter.ending)
    if configuration.prompts { fields.append(("PROMPT", Self.prompt(run))) }
    var what = ending.status
    if case .failure(let error) = ending.outcome {
      fields.append(("ERROR", error.code.rawValue))
      what = error.code.rawValue
    }
    log(.notice, Self.message(run, run, what), .responseEnded, fields)
  }

  /// The entry of a request that got the response to an equal one.
  func joinedEnded(_ run: TurnDriver, _ owner: TurnDriver) {
    let status = owner.meter.ending?.status ?? "failed"
    var fields = Self.fields(of: run, answeredBy: owner)
    fields += [
      ("STATUS", status), ("ATTEMPTS", "0"), ("CACHE", "joined"), ("COST_USD", "0"),
      ("TOTAL_MS", Self.milliseconds(EventLoop.now - run.created)),
    ]
    log(.notice, Self.message(run, owner, "\(status), joined"), .responseEnded, fields)
  }

  private static func message(_ run: TurnDriver, _ answer: TurnDriver, _ what: String) -> String {
    "Response \(answer.id ?? "without an id") of \(run.model) for \(run.caller.name): \(what)"
  }

  private static func fields(
    of run: TurnDriver, answeredBy answer: TurnDriver
  ) -> [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = [
      ("UPSTREAM", answer.repeated?.upstream ?? answer.upstreamName), ("MODEL", run.model),
    ]
    fields += Self.fields(of: run.caller)
    if let id = answer.id { fields.append(("RESPONSE_ID", id)) }
    if let conversation = run.conversation { fields.append(("CONVERSATION", conversation.id)) }
    return fields
  }

  private static func fields(of caller: Caller) -> [(name: String, value: String)] {
    var fields = [(name: "CLIENT", value: caller.name), ("CLIENT_UID", "\(caller.userID)")]
    if let processID = caller.processID { fields.append(("CLIENT_PID", "\(processID)")) }
    return fields
  }

  /// What the client asked, as it was asked.
  private static func prompt(_ run: TurnDriver) -> String {
    let input = run.plan.body.nonNull("input") ?? .null
    let text = Array((input.string ?? input.text).utf8)
    return String(decoding: text.prefix(longestPrompt), as: UTF8.self)
  }

  private static func milliseconds(_ duration: Duration) -> String {
    "\(Int(duration.milliseconds))"
  }

  private static func tokenFields(_ usage: UsageEnding?) -> [(name: String, value: String)] {
    guard let tokens = usage?.tokens else { return [] }
    return [
      ("INPUT_TOKENS", "\(tokens.input)"), ("CACHED_TOKENS", "\(tokens.cached)"),
      ("OUTPUT_TOKENS", "\(tokens.output)"), ("REASONING_TOKENS", "\(tokens.reasoning)"),
    ]
  }
}
