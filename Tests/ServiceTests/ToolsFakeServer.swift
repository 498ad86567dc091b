import EventLoop
import JSON
import Plugins

/// An MCP server without a process: answers by a script and notes what it was asked.
@EventLoop
final class FakeServer: PluginTransport {
  struct Request {
    let method: String
    let params: RawJSON
    let limit: Duration
  }

  typealias Answer = @EventLoop (_ params: RawJSON) async throws(PluginError) -> RawJSON

  let name: String
  var answers: [String: Answer] = [:]
  private var refusals: [String: (code: PluginError.Code, isOnce: Bool)] = [:]
  /// Hold back requests of their methods.
  var gates: [String: Promise<Void>] = [:]
  /// Hears of each request before it is answered.
  var onRequest: @EventLoop (Request) -> Void = { _ in }
  private(set) var requests: [Request] = []
  /// What it said for the journal.
  private(set) var messages: [String] = []
  private(set) var notifications: [(method: String, params: RawJSON)] = []
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ name: String = "demo") {
    self.name = name
  }

  /// What a plugin's peer would do.
  var onStarted: @EventLoop () async throws(PluginError) -> Void = {}
  private var isStarted = false

  func ready() async throws(PluginError) {
    guard !isStarted else { return }
    try await onStarted()
    isStarted = true
  }

  /// The process ends; the next one is another.
  func end() { isStarted = false }

  func call(
    _ method: String, _ params: RawJSON, limit: Duration, onAbandoned: ((RawJSON) -> Void)?
  ) async throws(PluginError) -> RawJSON {
    let request = Request(method: method, params: params, limit: limit)
    requests.append(request)
    let id = RawJSON.integer(requests.count)
    for waiter in waiting { waiter.resume() }
    waiting = []
    onRequest(request)
    await gates[method]?.wait()
    if let code = nextRefusal(of: method) {
      if code == .timedOut || Task.isCancelled { onAbandoned?(id) }
      throw PluginError(code, "did not do it", plugin: name)
    }
    guard let answer = answers[method] else {
      throw PluginError(.remote(-32601), "answered with error -32601", plugin: name)
    }
    return try await answer(params)
  }

  func notify(_ method: String, _ params: RawJSON) {
    notifications.append((method, params))
  }

  func said(_ text: String) { messages.append(text) }

  func note(fault what: String) {}

  private func nextRefusal(of method: String) -> PluginError.Code? {
    guard let refusal = refusals[method] else { return nil }
    if refusal.isOnce { refusals[method] = nil }
    return refusal.code
  }

  var methods: [String] { requests.map(\.method) }

  func params(of method: String) -> RawJSON? {
    requests.last { $0.method == method }?.params
  }

  /// Waits until it was asked for the nth time.
  func wait(for method: String, count: Int = 1) async {
    func isDone() -> Bool { requests.count(where: { $0.method == method }) >= count }
    while !isDone() {
      await withCheckedContinuation { continuation in
        // It may have been asked on the way here.
        if isDone() { return continuation.resume() }
        waiting.append(continuation)
      }
    }
  }

  // MARK: Scripts

  /// Answers a method with an error.
  func refuse(_ method: String, _ code: PluginError.Code, once isOnce: Bool = false) {
    refusals[method] = (code, isOnce)
  }

  /// Speaks a version that begins with `initialize`.
  func speakHandshake(_ version: String = "2025-11-25", announcesChanges: Bool = true) {
    answers["initialize"] = { _ in
      .object {
        $0.member("protocolVersion", version)
        $0.key("capabilities")
        $0.object {
          $0.key("tools")
          $0.object { $0.member("listChanged", announcesChanges) }
        }
      }
    }
  }

  /// Speaks the version without.
  func speakStateless(_ versions: [String] = ["2026-07-28"]) {
    answers["server/discover"] = { _ in
      .object {
        $0.member("resultType", "complete")
        $0.key("supportedVersions")
        $0.array { for version in versions { $0.string(version) } }
        $0.key("capabilities")
        $0.object {
          $0.key("tools")
          $0.object { $0.member("listChanged", true) }
        }
      }
    }
  }

  /// Lists tools on one page.
  func list(_ tools: [RawJSON]) {
    answers["tools/list"] = { _ in
      .object {
        $0.key("tools")
        $0.array { for tool in tools { $0.value(tool) } }
      }
    }
  }
}

extension RawJSON {
  /// An element of `tools/list`.
  static func tool(
    _ name: String, _ description: String = "Does it.", schema: String = #"{"type":"object"}"#
  ) throws -> RawJSON {
    let schema = try RawJSON(parsing: schema)
    return .object {
      $0.member("name", name)
      $0.member("description", description)
      $0.member("inputSchema", schema)
    }
  }
}
