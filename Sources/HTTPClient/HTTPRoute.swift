/// How a server is reached, and what proves to it who asks.
package struct HTTPRoute: Sendable, Equatable {
  /// Until the connection stands, proxy and TLS included.
  package var connectTimeout: Duration
  /// PEM file of the authorities to trust instead of the system's, for a proxy too.
  package var authorities: String?
  /// PEM file of the certificate that the server asks for.
  package var clientCertificate: String?
  /// PEM file of its private key, without a passphrase; nil where the certificate's holds it too.
  package var clientKey: String?
  package var proxy: HTTPProxy?
  /// A Unix socket to connect to, whatever host the URL names.
  package var socketPath: String?

  package init(connectTimeout: Duration) {
    self.connectTimeout = connectTimeout
  }
}

/// A proxy that makes tunnels: CONNECT (RFC 9110, section 9.3.6), over TLS or not, or SOCKS 5.
package struct HTTPProxy: Sendable, Equatable {
  /// `http`, `https` or `socks5h`, host and port.
  package let url: String
  /// `user:password`, for this proxy only.
  package let credentials: String?

  package init(url: String, credentials: String?) {
    self.url = url
    self.credentials = credentials
  }
}
