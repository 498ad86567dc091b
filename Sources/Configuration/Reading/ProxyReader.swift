internal import Wire

extension ProxyConfiguration {
  private static let schemes = ["http", "https", "socks5h"]
  private static let expected =
    "\"SCHEME://HOST:PORT\" with http, https or socks5h, or \"\" for none"

  /// Reads the three keys of a proxy; nil for none.
  ///
  /// They are not taken from the environment: what other programs use is not this daemon's to use.
  ///
  /// - Parameter shared: the one for all upstreams. A table that names a proxy of its own takes
  ///   nothing of it: a password is for one proxy.
  static func read(
    _ table: inout TableReader, besides shared: ProxyConfiguration? = nil
  ) -> ProxyConfiguration? {
    var proxy = shared
    if let node = table.take("proxy") { proxy = url(node, table).map { Self(url: $0) } }
    if let node = table.take("no_proxy") {
      let hosts = SettingType<[String]>.array(of: .proxyException, count: 0...256)
      if let exceptions = hosts.read(node.value) {
        proxy?.exceptions = exceptions
        table.findings.record(table.path, "no_proxy", hosts.show(exceptions), node.origin)
      } else {
        table.refuse(node, "no_proxy", expected: hosts.expected)
      }
    }
    if let source = APIKeySource.proxyCredentials(&table) { proxy?.credentialSource = source }
    return proxy
  }

  private static func url(_ node: TOMLNode, _ table: TableReader) -> String? {
    guard case .string(let text) = node.value else {
      table.refuse(node, "proxy", expected: expected)
      return nil
    }
    do throws(BaseURL.Refusal) {
      let url = text.isEmpty ? nil : try parse(text)
      table.findings.record(table.path, "proxy", TOMLText.quoted(url ?? ""), node.origin)
      return url
    } catch {
      table.refuse(node.origin, "proxy", found: error.found, expected: error.expected)
      return nil
    }
  }

  private static func parse(_ text: String) throws(BaseURL.Refusal) -> String {
    guard let scheme = schemes.first(where: { text.hasPrefix("\($0)://") }) else {
      throw BaseURL.Refusal(found: "another kind of text", expected: expected)
    }
    var authority = Array(text.utf8.dropFirst(scheme.utf8.count + 3))
    if authority.last == UInt8(ascii: "/") { authority.removeLast() }
    guard !authority.contains(UInt8(ascii: "@")) else {
      throw BaseURL.Refusal(
        found: "user information before an \"@\"",
        expected: expected + "; user and password belong into proxy_auth")
    }
    let (host, port) = try BaseURL.authority(authority[...])
    guard let port else { throw BaseURL.Refusal(found: "no port", expected: expected) }
    return "\(scheme)://\(host):\(port)"
  }
}

extension SettingType where Value == String {
  fileprivate static var proxyException: SettingType {
    text("a host, a domain, an address or a network such as \"10.0.0.0/8\"", bytes: 1...253) {
      $0.utf8.allSatisfy { 0x21...0x7E ~= $0 && $0 != UInt8(ascii: ",") }
    }
  }
}
