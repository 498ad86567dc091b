internal import Wire

extension UpstreamConfiguration {
  /// Reads `[upstreams.NAME]`; nil where it has no usable address.
  ///
  /// - Parameter standard: what an upstream of that name is without the table.
  /// - Parameter proxy: the one for all upstreams.
  init?(
    _ name: String, _ table: inout TableReader, standard: UpstreamConfiguration?,
    proxy: ProxyConfiguration?
  ) {
    guard let url = Self.readURL(&table, standard: standard) else {
      var incomplete = UpstreamConfiguration(name: name, url: Self.unknownURL)
      incomplete.read(&table, proxy)
      return nil
    }
    self.init(name: name, url: url)
    models = standard?.models ?? []
    read(&table, proxy)
  }

  /// Stands in where the address is wrong, so that the other keys are checked, too.
  private static let unknownURL = BaseURL(
    UpstreamOrigin(scheme: .https, host: "", port: 443), path: "")

  private static func readURL(
    _ table: inout TableReader, standard: UpstreamConfiguration?
  ) -> BaseURL? {
    guard let node = table.take("base_url") else {
      guard let standard else {
        table.refuseMissing("base_url", expected: "a URL such as \"https://api.example.com/v1\"")
        return nil
      }
      table.findings.record(table.path, "base_url", TOMLText.quoted(standard.baseURL), .builtIn)
      return standard.url
    }
    guard case .string(let text) = node.value else {
      table.refuse(node, "base_url", expected: "a URL such as \"https://api.example.com/v1\"")
      return nil
    }
    do throws(BaseURL.Refusal) {
      let url = try BaseURL(parsing: text, allowsPrivate: true)
      table.findings.record(table.path, "base_url", TOMLText.quoted(url.wholeText), node.origin)
      return url
    } catch {
      table.refuse(node.origin, "base_url", found: error.found, expected: error.expected)
      return nil
    }
  }

  private mutating func read(_ table: inout TableReader, _ shared: ProxyConfiguration?) {
    keySource = APIKeySource(&table, upstream: name, refresh: &keyRefresh)
    table.read("key_header", as: .keyHeader, into: &keyHeader)
    table.read("models", as: .array(of: .glob(of: "model names"), count: 0...256), into: &models)
    table.read("strip_prefix", as: .boolean, into: &stripPrefix)
    table.read("state", as: .choice, into: &state)
    headers = Self.readHeaders(&table, besides: keyHeader)
    table.read("max_concurrent", as: .integer(1...4096), into: &maximumConcurrent)
    readTimeouts(&table)
    table.read("max_retries", as: .integer(0...10), into: &maximumRetries)
    let name = SettingType<String>.name(of: "an upstream", maximumBytes: 64)
    table.read("fallback", as: .array(of: name), into: &fallback)
    table.read("prewarm", as: .boolean, into: &prewarm)
    table.read(
      "ca_file", as: .absolutePath("of a PEM file"), into: &certificateAuthorities)
    readIdentity(&table)
    table.read("plain_http", as: .boolean, into: &allowsPlainHTTP)
    let hasOwnProxy = table.has("proxy")
    proxy = ProxyConfiguration.read(&table, besides: shared)
    table.finish()
    checkPlainHTTP(table)
    checkProxy(table, isOwn: hasOwnProxy)
  }

  private mutating func readIdentity(_ table: inout TableReader) {
    table.read(
      "client_certificate", as: .absolutePath("of a PEM file"), into: &clientCertificate)
    table.read("client_key", as: .absolutePath("of a PEM file"), into: &clientKey)
    guard clientKey != nil, clientCertificate == nil else { return }
    table.refuseMissing(
      "client_certificate", expected: "the certificate that client_key belongs to")
  }

  /// Anybody on the network can read what goes there, so no key may go.
  private func checkPlainHTTP(_ table: TableReader) {
    guard origin.scheme == .http, !origin.isLoopback else { return }
    let place = table.findings.origin(of: table.path, "base_url")
    guard allowsPlainHTTP else {
      let refusal = BaseURL.plainRefusal(origin)
      return table.refuse(place, "base_url", found: refusal.found, expected: refusal.expected)
    }
    guard keySource == .none else {
      return table.refuse(
        place, "plain_http", found: "plain http to \(origin.host) for an upstream with a key",
        expected: "api_key = { none = true } beside plain_http = true")
    }
    table.findings.warnings.append(
      "\(TOMLText.path(table.path)).plain_http: \(origin) is asked without TLS: whoever shares the"
        + " network can read and change prompts and answers")
  }

  /// Plain http to this machine goes past the shared proxy, whose loopback is another machine's.
  private mutating func checkProxy(_ table: TableReader, isOwn: Bool) {
    guard origin.scheme == .http, let proxy else { return }
    guard isOwn else {
      if origin.isLoopback { self.proxy = nil }
      return
    }
    guard keySource != .none || origin.socketPath != nil else { return }
    table.refuse(
      table.findings.origin(of: table.path, "proxy"), "proxy",
      found: "\(proxy.url) for \(origin)",
      expected:
        "no proxy for a Unix socket, and for plain http only with api_key = { none = true }:"
        + " it could read the key")
  }

  private mutating func readTimeouts(_ table: inout TableReader) {
    let times = SettingType.duration(.milliseconds(1) ... .days(1))
    table.read("connect_timeout", as: times, into: &connectTimeout)
    isFirstEventTimeoutExplicit = table.has("first_event_timeout")
    table.read("first_event_timeout", as: times, into: &firstEventTimeout)
    table.read("idle_timeout", as: times, into: &idleTimeout)
    table.read("total_timeout", as: times, into: &totalTimeout)
  }

  private static func readHeaders(
    _ table: inout TableReader, besides keyHeader: String
  ) -> [Header] {
    var headers: [Header] = []
    for entry in table.entries("headers") {
      if let problem = HeaderField.problem(
        name: entry.key, among: headers.map(\.name) + [keyHeader])
      {
        table.refuse(
          entry.keyOrigin, "headers", found: "the name \(TOMLText.quoted(entry.key))",
          expected: problem)
      } else if case .string(let value) = entry.node.value, HeaderField.holdsToken(value) {
        table.refuse(
          entry.node.origin, "headers", found: "a token of halleyd for \(entry.key)",
          expected: "what the upstream knows; a token of halleyd is sent to none")
      } else if case .string(let value) = entry.node.value, HeaderField.isValue(value) {
        headers.append(Header(name: entry.key, value: value))
        table.findings.record(
          table.path + ["headers"], entry.key, ConfigurationText.hidden, entry.node.origin)
      } else {
        table.refuse(
          entry.node, "headers", expected: "at most 4096 bytes of 0x20 to 0x7E for \(entry.key)",
          isSecret: true)
      }
    }
    return headers
  }
}
