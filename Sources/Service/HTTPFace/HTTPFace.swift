internal import Configuration
internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// The API as it is served over HTTP (`halley-http(7)`).
@EventLoop
final class HTTPFace: RestrictedFace {
  unowned let daemon: Daemon
  private var limits: ClientLimits
  private var acceptors: [Acceptor] = []
  /// Sockets that are listened on, and of which nobody is accepted yet.
  private var waiting: [(acceptor: Acceptor, socket: ListeningSocket, name: String)] = []
  /// What those are allowed who come in here; nil where they are users.
  private(set) var grant: Grant?
  /// Where it listens.
  private(set) var addresses: [LoopbackAddress] = []
  private(set) var path: String?
  /// Who is not served, and why.
  private(set) var failures: [String] = []
  private var connections: [ObjectIdentifier: HTTPConnection] = [:]
  private(set) var accepted = 0
  var inputBytes = 0

  init(_ daemon: Daemon, grant: Grant? = nil) {
    self.daemon = daemon
    self.grant = grant
    limits = ClientLimits(daemon.configuration.limits)
  }

  var clients: [ConnectedClient] { connections.values.compactMap(\.asking) }

  var outputBytes: Int { connections.values.reduce(0) { $0 + $1.outputBytes } }

  var hasOutput: Bool { connections.values.contains(where: \.hasOutput) }

  func use(_ limits: ClientLimits) {
    self.limits = limits
  }

  // MARK: Listening

  /// Listens at an address of our own.
  func listen(at address: String, _ bind: () throws(LoopError) -> ListeningSocket) {
    do throws(LoopError) {
      listen(on: try bind())
    } catch {
      cannotListen(at: address, error.description)
    }
  }

  /// Serves whoever connects to a socket, which has to be one of Unix or of the loopback interface.
  func listen(on socket: ListeningSocket) {
    let place: HTTPAccess.Place
    let name: String
    if let address = socket.loopbackAddress {
      place = .loopback(authorities: [address.authority, "localhost:\(address.port)"])
      name = address.authority
      addresses.append(address)
      socket.sendAtOnce()
    } else if let path = socket.path, !path.isEmpty {
      (place, name) = (.socket, path)
      self.path = path
    } else {
      return cannotListen(
        at: "a socket", "it is neither a Unix socket nor one of the loopback interface")
    }
    let acceptor = Acceptor(
      onConnection: { [weak self] in self?.admit($0, place) },
      onFailure: { [weak self] in self?.daemon.journal.clientRefused(nil, $0.description) })
    waiting.append((acceptor, socket, name))
  }

  /// Accepts those who connect, and who have connected.
  func begin() {
    for entry in waiting {
      do throws(LoopError) {
        try entry.acceptor.listen(on: entry.socket)
        acceptors.append(entry.acceptor)
      } catch {
        cannotListen(at: entry.name, error.description)
      }
    }
    waiting = []
  }

  private func cannotListen(at address: String, _ reason: String) {
    failures.append("\(address): \(reason)")
    daemon.journal.cannotListen(at: address, reason)
  }

  func stopListening() {
    for acceptor in acceptors { acceptor.close() }
    for entry in waiting { entry.socket.close() }
    waiting = []
    for connection in connections.values { connection.drain() }
  }

  func regrant(_ grant: Grant) {
    self.grant = grant
  }

  func close() {
    stopListening()
    for connection in connections.values { connection.hangUp() }
  }

  private func admit(_ descriptor: Int32, _ place: HTTPAccess.Place) {
    accepted += 1
    do throws(LoopError) {
      let access = try HTTPAccess(place, descriptor, grant: grant)
      if let refusal = refusal(descriptor) { return refuse(descriptor, refusal) }
      let connection = try HTTPConnection(descriptor, access, limits: limits, face: self)
      connections[ObjectIdentifier(connection)] = connection
      daemon.clientConnected()
    } catch {
      refuse(descriptor, error.description)
    }
  }

  /// Why a client is not served.
  private func refusal(_ descriptor: Int32) -> String? {
    guard connections.count < limits.maximumConnections else {
      return "\(connections.count) clients are connected over HTTP"
    }
    return Descriptors.areLast(descriptor, for: .clients)
      ? "no descriptors are left for more clients" : nil
  }

  private func refuse(_ descriptor: Int32, _ reason: String) {
    let answer = APIError(.exhausted(reason)).lastAnswer(to: nil)
    Acceptor.turnAway(descriptor, Array(answer.joined())[...])
    daemon.journal.clientRefused(nil, reason)
  }

  func closed(_ connection: HTTPConnection) {
    connections[ObjectIdentifier(connection)] = nil
    daemon.clientDisconnected()
  }
}
