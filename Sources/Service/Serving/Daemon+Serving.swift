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
    guard !passed.isEmpty || !configuration.http.listen.isEmpty else { return nil }
    let face = HTTPFace(self)
    if !passed.isEmpty {
      for socket in passed { face.listen(on: socket) }
      return face
    }
    for address in configuration.http.listen {
      face.listen(at: address.authority) { () throws(LoopError) in try .bind(address) }
    }
    if let path, let slash = path.lastIndex(of: "/") {
      let socket = "\(path[..<slash])/http.sock"
      face.listen(at: socket) { () throws(LoopError) in try .bind(path: socket) }
    }
    return face
  }
}
