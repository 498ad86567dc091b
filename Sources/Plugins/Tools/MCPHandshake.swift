internal import EventLoop
internal import JSON
internal import Wire

/// Finds out which era of the protocol a server speaks, and begins a session in it.
///
/// `server/discover` is tried first: a server of the stateless era answers it, others answer an
/// error, each its own, and are asked to `initialize` then. One that was slow to start may answer
/// the first question too late and refuse `initialize` for having been asked in the new way; it is
/// asked again.
@EventLoop
struct MCPHandshake {
  /// Servers that leave unknown methods unanswered cost this much once.
  private static let longestProbe: Duration = .seconds(5)

  let transport: any PluginTransport
  let deadline: LoopInstant

  init(_ transport: any PluginTransport, limit: Duration) {
    self.transport = transport
    deadline = EventLoop.now + limit
  }

  private var timeLeft: Duration { max(deadline - EventLoop.now, .milliseconds(1)) }

  /// - Parameter mayBeStateless: whether to probe; an earlier process may have shown that it need
  ///   not be, or may have died of it.
  func perform(mayBeStateless: Bool) async throws(PluginError) -> MCPSession {
    if mayBeStateless, let session = try await probe() { return session }
    do throws(PluginError) {
      return try await initialize()
    } catch {
      guard error.isOfStatelessServer, let session = try await discover(limit: timeLeft) else {
        throw error
      }
      return session
    }
  }

  /// Nil where the server seems to be of the older era, as far as can be told.
  private func probe() async throws(PluginError) -> MCPSession? {
    do throws(PluginError) {
      return try await discover(limit: min(Self.longestProbe, timeLeft / 2))
    } catch {
      guard error.mayBeOfOlderEra else { throw error }
      return nil
    }
  }

  /// Nil where the server answers, but does not speak our version of this era.
  private func discover(limit: Duration) async throws(PluginError) -> MCPSession? {
    let asked = MCPSession(era: .stateless, announcesChanges: false)
    let found = try await transport.call(
      "server/discover", asked.parameters(.emptyObject), limit: limit, onAbandoned: nil)
    let versions = found["supportedVersions"]?.elements.compactMap(\.string) ?? []
    guard versions.contains(MCPVersion.stateless) else { return nil }
    return MCPSession(era: .stateless, announcesChanges: Self.announcesChanges(found))
  }

  private func initialize() async throws(PluginError) -> MCPSession {
    let found = try await transport.ask(
      "initialize",
      .object {
        $0.member("protocolVersion", MCPVersion.handshake[0])
        $0.member("capabilities", .emptyObject)
        $0.member("clientInfo", MCPSession.clientInfo)
      }, limit: timeLeft)
    guard let version = found["protocolVersion"]?.string,
      MCPVersion.handshake.contains(version)
    else {
      let said = found["protocolVersion"]?.excerpt ?? "nothing"
      throw PluginError(
        .protocolViolation,
        "answers initialize with the version \(said), one of "
          + "\(MCPVersion.handshake.joined(separator: ", ")) was expected",
        plugin: transport.name)
    }
    transport.notify("notifications/initialized", .emptyObject)
    return MCPSession(era: .handshake, announcesChanges: Self.announcesChanges(found))
  }

  private static func announcesChanges(_ found: RawJSON) -> Bool {
    found["capabilities"]?["tools"]?["listChanged"]?.boolean == true
  }
}

extension PluginError {
  /// Whether a server that takes `server/discover` so may speak the handshake's era.
  fileprivate var mayBeOfOlderEra: Bool {
    switch code {
    case .remote, .timedOut: true
    default: false
    }
  }

  /// Whether a server that refuses `initialize` so may speak the stateless era only.
  fileprivate var isOfStatelessServer: Bool {
    code == .remote(MCPVersion.unsupportedVersion) || code == .remote(MCPVersion.methodNotFound)
  }
}
