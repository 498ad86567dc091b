internal import CCurl
internal import EventLoop
internal import Glibc

/// The connections under libcurl's transfers: which rest, which are lost, which are to be closed.
extension HTTPClient {
  /// A connection that rested and acknowledges nothing of a request for so long is lost: the
  /// request is sent over a new one. Several round trips of the slowest links.
  private static let acknowledgementTimeout: Duration = .milliseconds(2500)
  /// A connection that rested for longer is checked for a local address that the machine has given
  /// up.
  private static let restWithoutQuestion: Duration = .seconds(1)

  static func makeClosedSocket() throws(HTTPError) -> Int32 {
    var pair: (Int32, Int32) = (-1, -1)
    let result = unsafe withUnsafeMutablePointer(to: &pair) { pointer in
      unsafe pointer.withMemoryRebound(to: Int32.self, capacity: 2) {
        unsafe socketpair(
          AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, $0)
      }
    }
    guard result == 0 else {
      throw HTTPError(.outOfMemory, "no socket: \(unsafe String(cString: strerror(errno)))")
    }
    close(pair.1)
    return pair.0
  }

  // MARK: libcurl's calls

  /// - Parameter key: the transfer that the descriptor serves.
  func watch(_ descriptor: Int32, _ what: Int32, for key: UInt) {
    let connection = connections[descriptor] ?? Connection(descriptor, isUpstream: false)
    guard what != CURL_POLL_REMOVE else {
      connection.isWatched = false
      guard connection.isUpstream else {
        connection.stopWaiting()
        connections[descriptor] = nil
        return
      }
      return rest(connection)
    }
    connections[descriptor] = connection
    connection.isWatched = true
    _ = connection.updateRest()
    var events: IOEvents = []
    if what & CURL_POLL_IN != 0 { events.insert(.readable) }
    if what & CURL_POLL_OUT != 0 { events.insert(.writable) }
    wait(on: connection, events) { transfers[key]?.fail($0) }
  }

  /// - Parameter onFailure: called where the connection can't be watched.
  private func wait(
    on connection: Connection, _ events: IOEvents, onFailure: (HTTPError) -> Void
  ) {
    do throws(LoopError) {
      try connection.wait(for: events) { [unowned self, unowned connection] ready in
        if connection.restingSince != nil {
          inspect(connection)
        } else {
          act(on: connection.descriptor, ready)
        }
      }
    } catch {
      connection.stopWaiting()
      onFailure(HTTPError(.exhausted, error.description))
    }
  }

  func openSocket(_ family: Int32, _ type: Int32, _ protocol: Int32) -> Int32 {
    let descriptor = socket(family, type | Int32(SOCK_CLOEXEC.rawValue), `protocol`)
    // One upstream may have of the last ones.
    guard descriptor >= 0, transfers.count < 2 || !Descriptors.areLast(descriptor, for: .upstreams)
    else {
      lastShortage = EventLoop.now
      if descriptor >= 0 { close(descriptor) }
      return -1
    }
    if family != AF_UNIX { TCPOptions.apply(to: descriptor) }
    connections[descriptor] = Connection(descriptor, isUpstream: true)
    connectionsOpened += 1
    return descriptor
  }

  func closeSocket(_ descriptor: Int32) -> Int32 {
    if let connection = connections.removeValue(forKey: descriptor) {
      connection.stopWaiting()
      if !connection.users.isEmpty {
        let progress = TCPProgress(of: descriptor)
        for key in connection.users { transfers[key]?.finalProgress = progress }
      }
    }
    return close(descriptor)
  }

  // MARK: Transfers on connections

  func beginRequest(_ transfer: Transfer, from localPort: Int32) {
    guard
      let connection = connections.values.first(where: {
        $0.isUpstream && localPort > 0 && Int32($0.localPort) == localPort
      })
    else { return }
    transfer.enter(connection)
    if connection.hasServed {
      let due = EventLoop.now + Self.acknowledgementTimeout
      if unacknowledged.isEmpty { acknowledgementTimer?.arm(at: due) }
      unacknowledged.append(Unacknowledged(due: due, transfer: transfer))
    }
    connection.hasServed = true
    connection.users.insert(transfer.key)
    _ = connection.updateRest()
  }

  func leaveConnection(_ transfer: Transfer) -> Connection? {
    guard let connection = transfer.leave() else { return nil }
    connection.users.remove(transfer.key)
    if transfer.metrics.httpVersion >= 2 { connection.isMultiplexed = true }
    return connection
  }

  /// Sends over a new connection what a lost one does not acknowledge.
  func checkAcknowledgements() {
    let now = EventLoop.now
    let due = unacknowledged.prefix { $0.due <= now }
    unacknowledged.removeFirst(due.count)
    if let next = unacknowledged.first { acknowledgementTimer?.arm(at: next.due) }
    for transfer in due.compactMap(\.transfer)
    where transfers[transfer.key] === transfer && transfer.mayRestart {
      if let connection = transfer.connection, connection.users.count == 1 {
        // The kernel must not go on sending a request that goes over another connection now.
        TCPOptions.dropUnsent(of: connection.descriptor)
      }
      restart(transfer)
    }
  }

  // MARK: Rest

  /// Looks after a connection that no transfer uses any more.
  func rest(_ connection: Connection) {
    guard connection.updateRest() else { return }
    // The peer's end makes it readable, and so does an answer to no request.
    wait(on: connection, .readable) { _ in sever(connection) }
  }

  func sever(_ connection: Connection) {
    lastSevered = EventLoop.now
    connection.sever(with: closedSocket)
  }

  /// A connection at rest became readable, or broke.
  private func inspect(_ connection: Connection) {
    if connection.isMultiplexed, hasInput(connection) {
      // A PING or SETTINGS; libcurl reads it before it uses the connection again.
      connection.ignoreInput()
    } else {
      // Over HTTP/1.1 whatever comes now would be taken for the answer to the next request.
      sever(connection)
    }
  }

  /// Whether bytes wait to be read, rather than the end (recv(2)).
  private func hasInput(_ connection: Connection) -> Bool {
    var byte: UInt8 = 0
    return unsafe recv(
      connection.descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) > 0
  }

  /// Closes connections that must not carry another request: those that became readable in this
  /// turn, were open while the machine slept, or have a local address that it gave up.
  func severStaleConnections() {
    let resting = connections.values.filter { $0.restingSince != nil }
    guard !resting.isEmpty else { return }
    guard !sleepDetector.hasSlept() else { return resting.forEach(sever) }
    var descriptors = resting.map {
      pollfd(fd: $0.descriptor, events: $0.isMultiplexed ? 0 : Int16(POLLIN), revents: 0)
    }
    unsafe _ = poll(&descriptors, nfds_t(descriptors.count), 0)
    for (connection, state) in zip(resting, descriptors)
    where state.revents != 0 || hasLostAddress(connection) {
      sever(connection)
    }
  }

  private func hasLostAddress(_ connection: Connection) -> Bool {
    guard let since = connection.restingSince, EventLoop.now - since >= Self.restWithoutQuestion,
      let address = LocalAddress(of: connection.descriptor)
    else { return false }
    return !address.isPresent
  }
}
