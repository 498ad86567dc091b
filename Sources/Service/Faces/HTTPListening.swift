internal import Configuration
internal import Wire

/// Where the HTTP face is reached, as far as the daemon holds it now.
struct HTTPListening: Sendable, Equatable {
  /// Loopback addresses as a URL spells them: `127.0.0.1:4141`, `[::1]:4141`.
  var addresses: [String] = []
  /// Of the Unix socket.
  var socketPath: String?
  /// Addresses where nobody is served, each with the reason.
  var failures: [String] = []

  /// Whether a connection to an upstream would end here.
  func holds(_ origin: UpstreamOrigin) -> Bool {
    if let path = origin.socketPath {
      return socketPath.map { SocketPath.areSame($0, path) } ?? false
    }
    return addresses.contains("\(origin.host):\(origin.port)")
  }
}
