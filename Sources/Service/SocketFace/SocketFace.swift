internal import Configuration
internal import EventLoop
internal import JSON
internal import Wire

/// The Unix socket with JSON-RPC lines (`halley-protocol(7)`): bounds its connections, and performs
/// what they ask.
@EventLoop
final class SocketFace: RestrictedFace {
  unowned let daemon: Daemon
  private var limits: ClientLimits
  private let access = PeerAccess.current
  /// What those are allowed who come in here; nil where they are users.
  private var grant: Grant?
  private var acceptor: Acceptor?
  private var connections: [ObjectIdentifier: ClientConnection] = [:]
  private(set) var accepted = 0
  var inputBytes = 0
  var outputBytes = 0

  init(_ daemon: Daemon, grant: Grant? = nil) {
    self.daemon = daemon
    self.grant = grant
    limits = ClientLimits(daemon.configuration.limits)
  }

  var clients: [ConnectedClient] {
    connections.values.map { ConnectedClient(caller: $0.caller, requests: $0.requestsInFlight) }
  }

  var hasOutput: Bool { connections.values.contains(where: \.hasOutput) }

  func use(_ limits: ClientLimits) {
    self.limits = limits
  }

  func listen(on sockets: [ListeningSocket]) throws(LoopError) {
    let acceptor = Acceptor(
      onConnection: { [weak self] in self?.admit($0) },
      onFailure: { [weak self] in self?.daemon.journal.clientRefused(nil, $0.description) })
    for socket in sockets { try acceptor.listen(on: socket) }
    self.acceptor = acceptor
  }

  func stopListening() {
    acceptor?.close()
  }

  func regrant(_ grant: Grant) {
    self.grant = grant
    for connection in connections.values { connection.caller.regrant(grant) }
  }

  func close() {
    stopListening()
    for connection in connections.values { connection.hangUp() }
  }

  // MARK: Connections

  private func admit(_ descriptor: Int32) {
    do throws(LoopError) {
      let credentials = try UnixSocket.peer(of: descriptor)
      accepted += 1
      if let refusal = refusal(of: credentials, on: descriptor) {
        return refuse(descriptor, credentials, refusal)
      }
      let connection = try ClientConnection(
        descriptor: descriptor, caller: Caller(credentials, grant: grant), limits: limits,
        owner: self)
      connections[ObjectIdentifier(connection)] = connection
      daemon.clientConnected()
    } catch {
      refuse(descriptor, nil, .exhausted(error.description))
    }
  }

  /// Why a client is not served.
  private func refusal(of credentials: PeerCredentials, on descriptor: Int32) -> RPCError? {
    // A restricted socket is for whom its mode lets in, also from a container whose users have other
    // numbers here.
    guard grant != nil || access.admits(credentials.userID) else {
      return RPCError(.permission, "uid \(credentials.userID) may not use this daemon")
    }
    if connections.count >= limits.maximumConnections {
      return makeWay(to: credentials, "\(connections.count) clients are connected")
    }
    guard Descriptors.areLast(descriptor, for: .clients),
      !daemon.faces.contains(where: { $0.dropStranger() })
    else { return nil }
    return makeWay(to: credentials, "no descriptors are left for more clients")
  }

  /// The kernel knows everybody here.
  func dropStranger() -> Bool { false }

  /// Takes a place from whoever has the most; an error where that is the one who comes.
  private func makeWay(to newcomer: PeerCredentials, _ reason: String) -> RPCError? {
    let holders = connections.values
    guard let other = Seat.giving(wayTo: newcomer.userID, among: holders, { $0.seat }) else {
      return .exhausted(reason)
    }
    other.hangUp()
    daemon.journal.clientRefused(nil, "\(reason), and the one that was idle longest gave way")
    return nil
  }

  private func refuse(_ descriptor: Int32, _ peer: PeerCredentials?, _ error: RPCError) {
    var frame = OutputFrame.answer(nil, error: error)
    var line: [UInt8] = []
    frame.move(atMost: .max, to: &line)
    Acceptor.turnAway(descriptor, line[...])
    daemon.journal.clientRefused(peer, error.message)
  }

  func closed(_ connection: ClientConnection) {
    connections[ObjectIdentifier(connection)] = nil
    daemon.clientDisconnected()
  }

  // MARK: Requests

  /// Performs one request or notification of a client.
  func perform(_ request: RPCRequest, from connection: ClientConnection) {
    guard let id = request.id else { return connection.notified(request) }
    do throws(RPCError) {
      let call = Call(
        params: request.params, caller: connection.caller, asker: (connection, id.json))
      connection.answer(id, with: try Method.find(request.method).perform(daemon, call))
    } catch {
      connection.answer(id, .failure(error))
    }
  }
}
