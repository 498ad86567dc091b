internal import EventLoop
internal import Glibc
internal import JSON
internal import Wire

/// All connections: accepts them, bounds them, and hands their requests on.
@EventLoop
final class Clients {
  /// After EMFILE nothing is accepted for this long; the listener would be ready all the time.
  private static let pauseWithoutDescriptors: Duration = .milliseconds(100)

  /// What becomes of a request; set once at start.
  var onRequest: @EventLoop (RPCRequest, ClientConnection) -> Void = { _, _ in }
  var onConnect: @EventLoop (ClientConnection) -> Void = { _ in }
  var onDisconnect: @EventLoop (ClientConnection) -> Void = { _ in }
  /// A client was told that it reached a limit.
  var onLimit: @EventLoop (RPCError, Peer) -> Void = { _, _ in }
  var onRefusal: @EventLoop (PeerCredentials?, String) -> Void = { _, _ in }

  /// Applies to connections that are accepted from now on.
  var limits: ClientLimits
  /// Bytes in the input buffers of all connections.
  var bufferedBytes = 0
  /// Bytes of answers that no client has taken yet.
  var outputBytes = 0
  private(set) var connections: [ObjectIdentifier: ClientConnection] = [:]
  private(set) var accepted = 0
  private var listeners: [(socket: ListeningSocket, source: IOSource)] = []
  private var resumeTimer: TimerSource?
  private var readBuffer = [UInt8](repeating: 0, count: readBytes)
  /// Bytes of one recv(2).
  static let readBytes = 64 * 1024
  private let access: PeerAccess

  init(limits: ClientLimits, access: PeerAccess) {
    self.limits = limits
    self.access = access
  }

  // MARK: Listening

  func listen(on socket: ListeningSocket) throws(LoopError) {
    let descriptor = socket.descriptor
    let source = try IOSource(descriptor, .readable) { [weak self] _ in self?.accept(descriptor) }
    listeners.append((socket, source))
  }

  /// Stops accepting; connections go on.
  func stopListening() {
    for listener in listeners {
      listener.source.cancel()
      listener.socket.close()
    }
    listeners = []
    resumeTimer?.cancel()
  }

  private func accept(_ listener: Int32) {
    // Bounded, so that a flood of connects leaves the connected their turns.
    for _ in 0..<64 {
      do throws(LoopError) {
        guard let descriptor = try UnixSocket.accept(listener) else { return }
        admit(descriptor)
      } catch {
        return pauseListening(error)
      }
    }
  }

  private func admit(_ descriptor: Int32) {
    do throws(LoopError) {
      let credentials = try UnixSocket.peer(of: descriptor)
      accepted += 1
      guard access.admits(credentials.userID) else {
        return refuse(
          descriptor, credentials,
          RPCError(.permission, "uid \(credentials.userID) may not use this daemon"))
      }
      guard connections.count < limits.maximumConnections else {
        return refuse(
          descriptor, credentials,
          RPCError(
            .overloaded, "\(connections.count) clients are connected", isRetryable: true,
            details: [("retry_after_ms", .integer(1000))]))
      }
      guard !Descriptors.areLast(descriptor, for: .clients) else {
        return refuse(
          descriptor, credentials, .exhausted("no descriptors are left for more clients"))
      }
      let connection = try ClientConnection(
        descriptor: descriptor, peer: Peer(credentials), limits: limits, owner: self)
      connections[ObjectIdentifier(connection)] = connection
      onConnect(connection)
    } catch {
      refuse(descriptor, nil, .exhausted(error.description))
    }
  }

  private func refuse(_ descriptor: Int32, _ peer: PeerCredentials?, _ error: RPCError) {
    var frame = OutputFrame.answer(nil, error: error)
    var line: [UInt8] = []
    frame.move(atMost: .max, to: &line)
    // A fresh socket's buffer takes one line, unless the peer has gone already.
    do throws(LoopError) { _ = try UnixSocket.send(descriptor, line[...]) } catch {}
    UnixSocket.close(descriptor)
    onRefusal(peer, error.message)
  }

  private func pauseListening(_ error: LoopError) {
    onRefusal(nil, error.description)
    for listener in listeners { listener.source.wait(for: []) }
    do throws(LoopError) {
      if resumeTimer == nil {
        resumeTimer = try TimerSource { [weak self] in
          self?.listeners.forEach { $0.source.wait(for: .readable) }
        }
      }
      resumeTimer?.arm(after: Self.pauseWithoutDescriptors)
    } catch {
      for listener in listeners { listener.source.wait(for: .readable) }
    }
  }

  // MARK: For connections

  /// Reads once, into the buffer that all connections share.
  func read(
    _ descriptor: Int32, _ receive: (borrowing Span<UInt8>) -> Void
  ) throws(LoopError) -> UnixSocket.ReadOutcome {
    let outcome = try UnixSocket.read(descriptor, into: &readBuffer)
    if case .bytes(let count) = outcome {
      let bytes = readBuffer
      receive(bytes.span.extracting(0..<count))
    }
    return outcome
  }

  func perform(_ request: RPCRequest, from connection: ClientConnection) {
    onRequest(request, connection)
  }

  func closed(_ connection: ClientConnection) {
    connections[ObjectIdentifier(connection)] = nil
    onDisconnect(connection)
  }
}

/// Which users may connect, beyond what the socket's mode says.
struct PeerAccess: Sendable {
  /// What the kernel shows for a user that this user namespace does not know.
  private static let unmappedUserID: UInt32 = 65534
  /// systemd's range for DynamicUser=.
  private static let dynamicUserIDs: ClosedRange<UInt32> = 61184...65519
  /// Ids below are the system's own (login.defs(5)).
  private static let firstPersonalUserID: UInt32 = 1000

  let ownUserID: UInt32

  static var current: PeerAccess { PeerAccess(ownUserID: geteuid()) }

  /// A daemon of the system serves all whom the mode of its socket lets in; a user's serves that
  /// user and root.
  func admits(_ userID: UInt32) -> Bool {
    guard userID != Self.unmappedUserID else { return false }
    let isSystemDaemon =
      ownUserID < Self.firstPersonalUserID || Self.dynamicUserIDs ~= ownUserID
    return isSystemDaemon || userID == ownUserID || userID == 0
  }
}
