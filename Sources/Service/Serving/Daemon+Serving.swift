package import EventLoop

extension Daemon {
  /// Listens, and serves whoever comes.
  package func start(on sockets: [ListeningSocket]) throws(LoopError) {
    let face = SocketFace(self)
    try face.listen(on: sockets)
    try start([face], knownBy: sockets.first?.path)
  }
}
