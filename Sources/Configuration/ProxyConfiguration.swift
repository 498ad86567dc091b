/// A proxy between the daemon and upstreams: `proxy`, `no_proxy` and `proxy_auth`.
package struct ProxyConfiguration: Sendable {
  /// `http`, `https` or `socks5h`, host and port.
  package var url: String
  /// Hosts, domains and networks that are asked without it.
  package var exceptions: [String] = []
  package var credentialSource = APIKeySource.none
  /// `user:password`, once it has been read of its source.
  package var credentials: APIKey?

  package init(url: String) {
    self.url = url
  }

  /// Whether a host is reached through it, and is none of the exceptions.
  ///
  /// - Parameter host: as `UpstreamOrigin` spells it.
  package func serves(_ host: String) -> Bool {
    !exceptions.contains { $0 == "*" || Self.covers($0.lowercased(), host) }
  }

  /// Whether an exception names a host, its domain or its network.
  private static func covers(_ exception: String, _ host: String) -> Bool {
    guard let address = UpstreamOrigin.ipv4(host) ?? UpstreamOrigin.ipv6(host) else {
      let domain = exception.drop { $0 == "." }
      return host == domain || host.hasSuffix(".\(domain)")
    }
    let parts = exception.split(separator: "/", maxSplits: 1).map(String.init)
    let bits = parts.count == 2 ? Int(parts[1]) : address.count * 8
    guard let text = parts.first, let bits, 0...address.count * 8 ~= bits,
      let network = UpstreamOrigin.ipv4(text) ?? UpstreamOrigin.ipv6(text)
        ?? UpstreamOrigin.ipv6("[\(text)]"), network.count == address.count
    else { return false }
    return (0..<bits).allSatisfy { bit in
      (address[bit / 8] ^ network[bit / 8]) & (0x80 >> (bit % 8)) == 0
    }
  }

  package var lacksCredentials: Bool { credentialSource != .none && credentials == nil }
}

extension ProxyConfiguration: Equatable {
  /// Whether the same is configured, whatever was read of the source of the credentials.
  package static func == (left: Self, right: Self) -> Bool {
    left.url == right.url && left.exceptions == right.exceptions
      && left.credentialSource == right.credentialSource
  }
}
