internal import Configuration
internal import EventLoop

/// The sockets of `[sockets.NAME]`, each a face of its own.
///
/// One that can't be had does not keep the daemon from serving the others.
@EventLoop
final class RestrictedSockets {
  private unowned let daemon: Daemon
  private var faces: [String: (configuration: SocketConfiguration, face: any RestrictedFace)] = [:]

  init(_ daemon: Daemon) {
    self.daemon = daemon
  }

  /// Listens where the configuration says now. Clients of a socket that is gone, or elsewhere, are
  /// hung up on.
  func update() {
    let wanted = daemon.configuration.sockets
    for (name, entry) in faces
    where !wanted.contains(where: { $0.isSamePlace(as: entry.configuration) }) {
      entry.face.close()
      daemon.leave(entry.face)
      faces[name] = nil
    }
    for socket in wanted {
      if let entry = faces[socket.name] {
        entry.face.regrant(Grant(socket))
      } else {
        open(socket)
      }
    }
  }

  private func open(_ socket: SocketConfiguration) {
    do throws(LoopError) {
      let listener = try ListeningSocket.bind(path: socket.path, mode: socket.mode)
      let face = try face(of: socket, listener)
      faces[socket.name] = (socket, face)
      daemon.adopt(face)
    } catch {
      daemon.journal.warn("The socket \"\(socket.name)\" serves nobody: \(error)")
    }
  }

  private func face(
    of socket: SocketConfiguration, _ listener: ListeningSocket
  ) throws(LoopError) -> any RestrictedFace {
    switch socket.proto {
    case .rpc:
      let face = SocketFace(daemon, grant: Grant(socket))
      try face.listen(on: [listener])
      return face
    case .http:
      let face = HTTPFace(daemon, grant: Grant(socket))
      face.listen(on: listener)
      face.begin()
      return face
    }
  }
}

extension SocketConfiguration {
  /// Whether only what is allowed may differ.
  fileprivate func isSamePlace(as other: SocketConfiguration) -> Bool {
    name == other.name && path == other.path && mode == other.mode && proto == other.proto
  }
}
