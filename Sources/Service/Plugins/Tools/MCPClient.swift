package import EventLoop
package import JSON
package import Wire

/// A client of one MCP server: lists its tools and calls them.
///
/// Whoever owns the process hands on what the server says unasked (`receive`, `answer`) and tells
/// when the process has ended (`disconnected`). A session begins with the first request after that.
@EventLoop
package final class MCPClient {
  /// Pages of one list; a server that goes on and on is cut off.
  private static let mostPages = 64
  /// Tools of one server; models are told of all that are offered, at a price.
  private static let mostTools = 512
  /// A request that stays open for as long as the server runs.
  private static let unlimited: Duration = .seconds(10 * 365 * 86_400)
  /// Bytes of a server's message that the journal gets.
  private static let longestMessage = 1024

  /// The server's own log (`notifications/message`): level and text.
  package var onMessage: @EventLoop (_ level: String, _ text: String) -> Void = { _, _ in }
  package var onToolsChanged: @EventLoop () -> Void = {}
  /// A session begins: the server may be another one than before.
  package var onSession: @EventLoop () -> Void = {}

  private let transport: any PluginTransport
  private let startTimeout: Duration
  private let followsChanges: Bool
  private let connecting = SharedWork<Result<MCPSession, PluginError>>()
  private var session: MCPSession?
  private var subscription: Task<Void, Never>?
  private var mayBeStateless = true
  private var lastToken = 0
  private var progress: [Int: MCPProgress] = [:]

  /// - Parameters:
  ///   - startTimeout: for the start of the process and the handshake together.
  ///   - followsChanges: whether a server of the stateless era is asked to tell of changed tools,
  ///     by a request that stays open and so keeps the process in use.
  package init(
    _ transport: any PluginTransport, startTimeout: Duration, followsChanges: Bool = true
  ) {
    self.transport = transport
    self.startTimeout = startTimeout
    self.followsChanges = followsChanges
  }

  // MARK: Sessions

  /// Begins a session where there is none, and starts the process for it.
  package func start() async throws(PluginError) {
    _ = try await connect()
  }

  private func connect() async throws(PluginError) -> MCPSession {
    if let session { return session }
    let result = await connecting.value { [self] in
      do throws(PluginError) { return .success(try await begin()) } catch { return .failure(error) }
    }
    guard let result else { throw cancelled }
    return try result.get()
  }

  private func begin() async throws(PluginError) -> MCPSession {
    let handshake = MCPHandshake(transport, limit: startTimeout)
    let begun: MCPSession
    do throws(PluginError) {
      begun = try await handshake.perform(mayBeStateless: mayBeStateless)
    } catch {
      // The next process may be another program.
      mayBeStateless = true
      throw error
    }
    mayBeStateless = begun.era == .stateless
    session = begun
    onSession()
    follow(begun)
    return begun
  }

  /// Asks a server of the stateless era to tell when its tools change; the others do so unasked.
  private func follow(_ session: MCPSession) {
    guard followsChanges, session.era == .stateless, session.announcesChanges else { return }
    let params = session.parameters(
      .object {
        $0.key("notifications")
        $0.object { $0.member("toolsListChanged", true) }
      })
    subscription = EventLoop.start { [transport] in
      do throws(PluginError) {
        _ = try await transport.call(
          "subscriptions/listen", params, limit: Self.unlimited, onAbandoned: nil)
      } catch {
        // Without it, changes are seen when the server is started again.
      }
    }
  }

  /// Ends the session; the process is gone.
  package func disconnected() {
    session = nil
    subscription?.cancel()
    subscription = nil
  }

  private var cancelled: PluginError {
    PluginError(
      .unavailable, "was not waited for: the request was cancelled", plugin: transport.name)
  }

  // MARK: Requests

  /// Returns the tools as the server describes them.
  package func listTools() async throws(PluginError) -> [RawJSON] {
    let session = try await connect()
    var tools: [RawJSON] = []
    var cursors: Set<String> = []
    var params = RawJSON.emptyObject
    for _ in 0..<Self.mostPages {
      let page = try await transport.call(
        "tools/list", session.parameters(params), limit: startTimeout, onAbandoned: nil)
      guard let found = page["tools"], found.kind == .array else {
        let said = page["tools"]?.excerpt ?? "nothing"
        throw violation("answers tools/list with \(said) as \"tools\", an array was expected")
      }
      tools += found.elements
      guard tools.count <= Self.mostTools else {
        throw violation("lists more than \(Self.mostTools) tools")
      }
      guard let cursor = page.nonNull("nextCursor")?.string, !cursor.isEmpty else { return tools }
      guard cursors.insert(cursor).inserted else {
        throw violation("lists its tools in circles: it names one cursor twice")
      }
      params = .object { $0.member("cursor", cursor) }
    }
    throw violation("lists its tools on more than \(Self.mostPages) pages")
  }

  private func violation(_ message: String) -> PluginError {
    PluginError(.protocolViolation, message, plugin: transport.name)
  }

  /// Calls a tool and returns the server's result.
  ///
  /// Progress that the server tells of prolongs nothing. A call that is late or whose task is
  /// cancelled is cancelled at the server too.
  package func callTool(
    _ name: String, _ arguments: RawJSON, limit: Duration
  ) async throws(PluginError) -> RawJSON {
    let session = try await connect()
    lastToken += 1
    let token = lastToken
    progress[token] = MCPProgress()
    defer { progress[token] = nil }
    let params = RawJSON.object {
      $0.member("name", name)
      $0.member("arguments", arguments)
    }
    do throws(PluginError) {
      return try await transport.call(
        "tools/call", session.parameters(params, progressToken: token), limit: limit,
        onAbandoned: cancel)
    } catch {
      guard error.code == .timedOut, let last = progress[token]?.text else { throw error }
      throw PluginError(
        .timedOut, "\(error.message); the last progress was \(last)", plugin: error.plugin)
    }
  }

  private func cancel(_ id: RawJSON) {
    transport.notify(
      "notifications/cancelled",
      .object {
        $0.member("requestId", id)
        $0.member("reason", "nobody waits for the result any more")
      })
  }

  // MARK: What the server says unasked

  /// Takes a notification; unknown ones are passed over.
  package func receive(_ method: String, _ params: RawJSON) {
    switch method {
    case "notifications/tools/list_changed": onToolsChanged()
    case "notifications/progress":
      guard let token = params["progressToken"]?.integer else { return }
      progress[Int(token)]?.update(params)
    case "notifications/message":
      let text = params["data"].map { $0.string ?? $0.text } ?? ""
      let logger = params["logger"]?.string.map { "\($0): " } ?? ""
      onMessage(
        params["level"]?.string ?? "info",
        PlainText.line(logger + text, maximumBytes: Self.longestMessage))
    default: break
    }
  }

  /// Answers a request: this client has nothing to offer to a server but a sign of life.
  package func answer(_ method: String) -> Result<RawJSON, RPCError> {
    guard method != "ping" else { return .success(.emptyObject) }
    let name = PlainText.line(method, maximumBytes: 64)
    return .failure(RPCError(.methodNotFound, "this client does not have the method \(name)"))
  }
}
