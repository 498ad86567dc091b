internal import Glibc
internal import JSON
package import Wire

/// One connection to the daemon: lines out, lines in, never blocking.
package final class Connection {
  /// Above the daemon's largest response (64 MiB) even when each of its bytes were escaped once more.
  private static let maximumLineBytes = 256 << 20

  let descriptor: Int32
  /// The daemon's socket.
  package let path: String
  /// Whether anything has arrived since this was last set to false.
  var hasReceived = false
  /// Whether a line has begun to arrive, and not ended.
  var isWithinLine: Bool { framer.bufferedBytes > 0 }
  private var framer = LineFramer(maximumLineBytes: maximumLineBytes)
  private var buffer = [UInt8](repeating: 0, count: 65_536)
  private var lines: [ArraySlice<UInt8>] = []
  private var nextLine = 0
  private var outgoing: [UInt8] = []
  private var sentBytes = 0

  /// Connects to the first path that answers.
  package init(to location: SocketLocation) throws(Failure) {
    var refusals: [(path: String, error: SystemError)] = []
    for path in location.paths {
      do throws(SystemError) {
        descriptor = try UnixSocket.connect(to: path)
        self.path = path
        return
      } catch {
        refusals.append((path, error))
      }
    }
    throw Self.failure(refusals)
  }

  deinit { close(descriptor) }

  /// Whether a part of what was queued still waits to be sent.
  package var hasOutgoing: Bool { sentBytes < outgoing.count }

  /// Queues a line and sends as much as the socket takes.
  package func send(_ line: RPCLine) throws(Failure) {
    if !hasOutgoing {
      outgoing = []
      sentBytes = 0
    }
    for piece in line.pieces { outgoing.append(contentsOf: piece) }
    try flush()
  }

  /// Sends as much as the socket takes.
  ///
  /// A peer that no longer reads is not reported here: what it had to say before still waits to
  /// be received.
  package func flush() throws(Failure) {
    while hasOutgoing {
      let count = unsafe outgoing.withUnsafeBytes {
        unsafe Glibc.send(
          descriptor, $0.baseAddress?.advanced(by: sentBytes), $0.count - sentBytes,
          Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        sentBytes += count
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN: return
      case EPIPE, ECONNRESET: outgoing = []
      default: throw .lostConnection(": \(SystemError("send").reason)")
      }
    }
  }

  /// Takes what has arrived; false when the peer has closed.
  package func receive() throws(Failure) -> Bool {
    let count = unsafe buffer.withUnsafeMutableBytes {
      unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
    }
    if count > 0 {
      hasReceived = true
      try take(buffer[..<count])
      return true
    }
    guard count < 0 else { return false }
    switch errno {
    case EINTR, EAGAIN: return true
    case ECONNRESET: return false
    default: throw .lostConnection(": \(SystemError("recv").reason)")
    }
  }

  private func take(_ bytes: ArraySlice<UInt8>) throws(Failure) {
    do throws(LineFramer.LineTooLong) {
      try framer.append(bytes.span) { lines.append($0) }
    } catch {
      throw Failure(.failed, "halleyd sent a line of more than \(error.maximumLineBytes) bytes")
    }
  }

  /// The next complete message that has arrived.
  package func nextMessage() throws(Failure) -> RPCMessage? {
    guard nextLine < lines.count else {
      lines.removeAll(keepingCapacity: true)
      nextLine = 0
      return nil
    }
    let line = lines[nextLine]
    lines[nextLine] = []
    nextLine += 1
    do throws(RPCRefusal) {
      return try RPCMessage(line: line, limits: .relayed)
    } catch {
      if let refusal = Self.refusal(line) { throw refusal }
      throw Failure(
        .failed, "halleyd sent what is no message of its protocol: \(error.error.message)",
        advice: "does the socket belong to another program? see `halley status`")
    }
  }

  /// An error with the id null answers a line whose id could not be read, such as one that is too long
  /// (JSON-RPC 2.0, section 5).
  private static func refusal(_ line: ArraySlice<UInt8>) -> Failure? {
    do throws(JSONError) {
      let message = try RawJSON(parsing: line, limits: .relayed)
      guard message["id"]?.isNull == true, let error = message["error"] else { return nil }
      return RemoteError(error).failure
    } catch {
      return nil
    }
  }

  private static func failure(_ refusals: [(path: String, error: SystemError)]) -> Failure {
    if let overloaded = refusals.first(where: { $0.error.number == EAGAIN }) {
      return Failure(
        .tryAgain, "halleyd at \(overloaded.path) takes no further connections",
        advice: "it is overloaded or stopped; try again in a moment")
    }
    if let closed = refusals.first(where: { $0.error.number == EACCES }) {
      return Failure(
        .noDaemon, "you may not use the daemon at \(closed.path)",
        advice: "it serves root and the group halley (sudo usermod -aG halley USER, and log in "
          + "again); or start one of your own: systemctl --user start halley.socket")
    }
    let tried = refusals.map { "\($0.path): \($0.error.reason)" }
    return Failure(
      .noDaemon, "no daemon answers at \(tried.joined(separator: "\n          nor at "))",
      advice: "start it with: systemctl --user start halley.socket (or run halleyd in a terminal)")
  }
}
