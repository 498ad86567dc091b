internal import EventLoop

/// Accepts connections on sockets.
@EventLoop
final class Acceptor {
  /// After EMFILE nothing is accepted for this long; the listener would be ready all the time.
  private static let pauseWithoutDescriptors: Duration = .milliseconds(100)
  /// Connections that are accepted before the connected have their turn.
  private static let mostATurn = 64

  private var listeners: [(socket: ListeningSocket, source: IOSource)] = []
  private var resumeTimer: TimerSource?
  private let onConnection: @EventLoop (_ descriptor: Int32) -> Void
  private let onFailure: @EventLoop (LoopError) -> Void

  /// - Parameters:
  ///   - onConnection: owns the descriptor.
  ///   - onFailure: hears why none is accepted for a moment.
  init(
    onConnection: @escaping @EventLoop (Int32) -> Void,
    onFailure: @escaping @EventLoop (LoopError) -> Void
  ) {
    self.onConnection = onConnection
    self.onFailure = onFailure
  }

  func listen(on socket: ListeningSocket) throws(LoopError) {
    let descriptor = socket.descriptor
    let source = try IOSource(descriptor, .readable) { [weak self] _ in self?.accept(descriptor) }
    listeners.append((socket, source))
  }

  /// Stops accepting, and closes the sockets.
  func close() {
    for listener in listeners {
      listener.source.cancel()
      listener.socket.close()
    }
    listeners = []
    resumeTimer?.cancel()
  }

  /// Tells a client that has just come why it is not served, and hangs up.
  static func turnAway(_ descriptor: Int32, _ answer: ArraySlice<UInt8>) {
    do throws(LoopError) {
      // A fresh socket's buffer takes it, unless the peer has gone already.
      _ = try UnixSocket.send(descriptor, answer)
      // A socket that is closed with something unread resets the peer, which may lose the answer.
      var unread = [UInt8](repeating: 0, count: 64 * 1024)
      _ = try UnixSocket.read(descriptor, into: &unread)
    } catch {
      // Whoever has gone needs no answer.
    }
    UnixSocket.close(descriptor)
  }

  private func accept(_ listener: Int32) {
    for _ in 0..<Self.mostATurn {
      do throws(LoopError) {
        guard let descriptor = try UnixSocket.accept(listener) else { return }
        onConnection(descriptor)
      } catch {
        return pause(error)
      }
    }
  }

  private func pause(_ error: LoopError) {
    onFailure(error)
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
}
