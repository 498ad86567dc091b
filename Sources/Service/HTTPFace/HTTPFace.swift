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
  /// The hosts of URLs that lead here over TCP, with ports.
  private(set) var authorities: Set<String> = []
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
      (place, name) = (.loopback, address.authority)
      addresses.append(address)
      authorities.formUnion([address.authority, "localhost:\(address.port)"])
      socket.sendAtOnce()
    } else if let path = socket.path, !path.isEmpty {
      (place, name) = (.socket, path)
      self.path = path
    } else {
      cannotListen(
        at: socket.place ?? "a socket",
        "it is neither a Unix socket nor one of the loopback interface")
      return socket.close()
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
        entry.socket.close()
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
      if let refusal = refusal(descriptor, access.userID) {
        return refuse(descriptor, refusal)
      }
      let connection = try HTTPConnection(descriptor, access, limits: limits, face: self)
      connections[ObjectIdentifier(connection)] = connection
      daemon.clientConnected()
    } catch {
      refuse(descriptor, error.description)
    }
  }

  /// Why a client is not served, unless another gives way to it.
  ///
  /// - Parameter userID: nil where the kernel does not say who has connected. Those have places of
  ///   their own, so that whoever takes all of them keeps nobody from the Unix socket.
  private func refusal(_ descriptor: Int32, _ userID: UInt32?) -> String? {
    if connections.count >= limits.maximumConnections {
      let here = connections.values.filter { $0.isKnownByKernel == (userID != nil) }
      let reason = "\(here.count) clients are connected over HTTP"
      if here.count >= limits.maximumConnections {
        return makeWay(among: here, to: userID, reason) ? nil : reason
      }
    }
    guard Descriptors.areLast(descriptor, for: .clients),
      !daemon.faces.contains(where: { $0.dropStranger() })
    else { return nil }
    let reason = "no descriptors are left for more clients"
    return makeWay(among: Array(connections.values), to: userID, reason) ? nil : reason
  }

  func dropStranger() -> Bool {
    let stranger = Seat.giving(wayTo: nil, among: connections.values, { $0.seat })
    stranger?.hangUp()
    return stranger != nil
  }

  private func makeWay(
    among connections: [HTTPConnection], to userID: UInt32?, _ reason: String
  ) -> Bool {
    guard let other = Seat.giving(wayTo: userID, among: connections, { $0.seat }) else {
      return false
    }
    other.hangUp()
    daemon.journal.clientRefused(nil, "\(reason), and the one that was idle longest gave way")
    return true
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
