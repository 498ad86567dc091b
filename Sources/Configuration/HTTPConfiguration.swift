package import EventLoop

/// The face for clients of HTTP: `[http]`.
package struct HTTPConfiguration: Sendable, Equatable {
  /// Addresses of the loopback interface, each with its port. Without any, and without a socket of
  /// systemd, the face is off.
  package var listen: [LoopbackAddress] = []
  /// The model of requests that name none; nil refuses them.
  package var defaultModel: String?

  package init() {}
}
