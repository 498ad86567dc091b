package import EventLoop
package import JSON
package import Wire

/// The tools that a server lists.
package struct MCPToolList: Sendable {
  package fileprivate(set) var tools: [RawJSON] = []
  /// Why there are no more of them, where the list goes on; to be read behind the plugin's name.
  package private(set) var cut: String?

  fileprivate func cut(_ what: String) -> MCPToolList {
    var list = self
    list.cut = "lists \(what); the first \(tools.count) are taken"
    return list
  }
}

/// A client of one MCP server: lists its tools and calls them.
///
/// It wants `begin` to be called after each start, before any other request.
@EventLoop
package final class MCPClient: PluginPeer {
  /// Pages of one list; a server that goes on and on is cut off.
  private static let mostPages = 64
  /// Tools of one server; models are told of all that are offered, at a price.
  private static let mostTools = 512
  /// A request that stays open for as long as the server runs.
  private static let unlimited: Duration = .seconds(10 * 365 * 86_400)
  /// Bytes of a server's message that the journal gets.
  private static let longestMessage = 1024

  /// How often the tools may have changed: the server said so, or was started anew.
  package private(set) var changes = 0
  let transport: any PluginTransport
  private let startTimeout: Duration
  /// Of the process that was started last.
  private var session: MCPSession?
  private var subscription: Task<Void, Never>?
  private var mayBeStateless = true
  private var lastToken = 0
  private var progress: [Int: MCPProgress] = [:]

  /// - Parameter startTimeout: for the handshake, and for each page of a list.
  package init(_ transport: any PluginTransport, startTimeout: Duration) {
    self.transport = transport
    self.startTimeout = startTimeout
  }

  // MARK: Sessions

  /// Begins a session with a process that has just been started.
  package func begin() async throws(PluginError) {
    subscription?.cancel()
    session = nil
    let handshake = MCPHandshake(transport, limit: startTimeout)
    do throws(PluginError) {
      let begun = try await handshake.perform(mayBeStateless: mayBeStateless)
      mayBeStateless = begun.era == .stateless
      session = begun
      changes += 1
      follow(begun)
    } catch {
      // One that died may have died of the probe: the next process is begun with the other way.
      mayBeStateless = error.code == .died ? !mayBeStateless : true
      throw error
    }
  }

  /// Asks a server of the stateless era to tell when its tools change; the others do so unasked.
  ///
  /// Begun in the start of the process, this request goes to that process alone, and does not keep
  /// it from being stopped for rest.
  private func follow(_ session: MCPSession) {
    guard session.era == .stateless, session.announcesChanges else { return }
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

  /// Waits until the server runs, and starts it where it does not.
  package func ready() async throws(PluginError) {
    _ = try await runningSession()
  }

  private func runningSession() async throws(PluginError) -> MCPSession {
    try await transport.ready()
    guard let session else {
      throw PluginError(
        .protocolViolation, "runs, but was not initialized", plugin: transport.name)
    }
    return session
  }

  // MARK: Requests

  /// Returns the tools as the server describes them: what of its list can be had.
  package func listTools() async throws(PluginError) -> MCPToolList {
    let session = try await runningSession()
    var list = MCPToolList()
    var cursors: Set<String> = []
    var params = RawJSON.emptyObject
    for _ in 0..<Self.mostPages {
      let page = try await transport.ask(
        "tools/list", session.parameters(params), limit: startTimeout)
      try transport.reading { () throws(MCPMismatch) in
        try MCPMismatch.check(page["tools"], is: .array, "tools")
      }
      // A server that knows no cursors gives the same page again.
      let listed = Set(list.tools)
      list.tools += page["tools"]?.elements.filter { !listed.contains($0) } ?? []
      guard list.tools.count <= Self.mostTools else {
        list.tools.removeLast(list.tools.count - Self.mostTools)
        return list.cut("more than \(Self.mostTools) tools")
      }
      guard let next = page.nonNull("nextCursor") else { return list }
      guard let cursor = next.string else {
        return list.cut("a \"nextCursor\" that is no text")
      }
      guard !cursor.isEmpty, cursors.insert(cursor).inserted else { return list }
      params = .object { $0.member("cursor", cursor) }
    }
    return list.cut("more than \(Self.mostPages) pages of tools")
  }

  /// Calls a tool and returns the server's result.
  ///
  /// Progress that the server reports does not extend the limit. A call that is late or whose task
  /// is cancelled is cancelled at the server too.
  package func callTool(
    _ name: String, _ arguments: RawJSON, limit: Duration
  ) async throws(PluginError) -> RawJSON {
    let session = try await runningSession()
    lastToken += 1
    let token = lastToken
    progress[token] = MCPProgress()
    defer { progress[token] = nil }
    let params = RawJSON.object {
      $0.member("name", name)
      $0.member("arguments", arguments)
    }
    do throws(PluginError) {
      return try await transport.ask(
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
    case "notifications/tools/list_changed": changes += 1
    case "notifications/progress":
      guard let token = params["progressToken"]?.integer else { return }
      progress[Int(token)]?.update(params)
    case "notifications/message":
      let text = params["data"].map { $0.string ?? $0.text } ?? ""
      let logger = params["logger"]?.string.map { "\($0): " } ?? ""
      let line = PlainText.line(logger + text, maximumBytes: Self.longestMessage)
      transport.said("\(params["level"]?.string ?? "info"): \(line)")
    default: break
    }
  }

  /// Answers a request: this client only answers `ping`.
  package func answer(_ method: String, _ params: RawJSON) -> Result<RawJSON, RPCError> {
    guard method != "ping" else { return .success(.emptyObject) }
    let name = PlainText.line(method, maximumBytes: 64)
    return .failure(RPCError(.methodNotFound, "this client does not have the method \(name)"))
  }
}
