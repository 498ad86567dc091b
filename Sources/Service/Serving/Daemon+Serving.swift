internal import Configuration
package import EventLoop

extension Daemon {
  /// Listens, and serves whoever comes.
  ///
  /// - Parameters:
  ///   - sockets: for lines.
  ///   - http: sockets that systemd passed for HTTP, which win over the configuration's addresses.
  package func start(
    on sockets: [ListeningSocket], http: [ListeningSocket] = []
  ) throws(LoopError) {
    let face = SocketFace(self)
    try face.listen(on: sockets)
    let path = sockets.first?.path
    var faces: [any Face] = [face]
    let httpFace = httpFace(http, beside: path)
    if let httpFace { faces.append(httpFace) }
    try start(faces, knownBy: path)
    let restricted = RestrictedSockets(self)
    onReload = { restricted.update() }
    restricted.update()
    if let httpFace { begin(httpFace) }
  }

  /// Serves over HTTP. Who connects before the tokens are read waits in the socket.
  private func begin(_ face: HTTPFace) {
    servesHTTP(
      at: HTTPListening(
        addresses: face.addresses.map(\.authority), socketPath: face.path,
        failures: face.failures))
    EventLoop.start { [self] in
      await readTokens()
      if !isDraining { face.begin() }
    }
  }

  /// The face for HTTP; nil where nobody asks for one.
  ///
  /// What can't be had does not stop the daemon: the journal and `daemon.status` say who is not
  /// served.
  private func httpFace(_ passed: [ListeningSocket], beside path: String?) -> HTTPFace? {
    let socket = path.flatMap { path in
      path.lastIndex(of: "/").map { "\(path[..<$0])/http.sock" }
    }
    guard !passed.isEmpty || !configuration.http.listen.isEmpty else {
      if let socket { removeAbandoned(socket) }
      return nil
    }
    let face = HTTPFace(self)
    for socket in passed { face.listen(on: socket) }
    if passed.isEmpty {
      for address in configuration.http.listen {
        face.listen(at: address.authority) { () throws(LoopError) in try .bind(address) }
      }
    }
    // Where systemd passed a Unix socket, that one is it; where it passed nothing that is served,
    // there is no face.
    let isWanted = passed.isEmpty || (face.path == nil && !face.addresses.isEmpty)
    if isWanted, let socket {
      face.listen(at: socket) { () throws(LoopError) in try .bind(path: socket) }
    }
    return face
  }

  /// The socket is there exactly when the face is, also after a daemon that was killed.
  private func removeAbandoned(_ socket: String) {
    do throws(LoopError) {
      try ListeningSocket.removeAbandoned(socket)
    } catch {
      journal.warn("\(socket) serves nobody and was not removed: \(error)")
    }
  }
}
