/// A proxy between the daemon and upstreams: `proxy`, `no_proxy` and `proxy_auth`.
package struct ProxyConfiguration: Sendable {
  /// `http`, `https` or `socks5h`, host and port.
  package var url: String
  /// Hosts, domains and networks that are asked without it.
  package var exceptions: [String] = []
  package var credentialSource = APIKeySource.none
  /// `user:password`, once it has been read of its source.
  var credentials: APIKey?

  package init(url: String) {
    self.url = url
  }

  var lacksCredentials: Bool { credentialSource != .none && credentials == nil }
}

extension ProxyConfiguration: Equatable {
  /// Whether the same is configured, whatever was read of the source of the credentials.
  package static func == (left: Self, right: Self) -> Bool {
    left.url == right.url && left.exceptions == right.exceptions
      && left.credentialSource == right.credentialSource
  }
}
