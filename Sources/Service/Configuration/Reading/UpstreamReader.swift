extension UpstreamConfiguration {
  /// Reads `[upstreams.NAME]`; nil where it has no usable address.
  ///
  /// - Parameter standard: what an upstream of that name is without the table.
  init?(_ name: String, _ table: inout TableReader, standard: UpstreamConfiguration?) {
    guard let url = Self.readURL(&table, standard: standard) else {
      var incomplete = UpstreamConfiguration(name: name, url: Self.unknownURL)
      incomplete.read(&table)
      return nil
    }
    self.init(name: name, url: url)
    models = standard?.models ?? []
    read(&table)
  }

  /// Stands in where the address is wrong, so that the other keys are checked, too.
  private static let unknownURL = BaseURL(
    text: "", origin: UpstreamOrigin(scheme: .https, host: "", port: 443))

  private static func readURL(
    _ table: inout TableReader, standard: UpstreamConfiguration?
  ) -> BaseURL? {
    guard let node = table.take("base_url") else {
      guard let standard else {
        table.refuseMissing("base_url", expected: "a URL such as \"https://api.example.com/v1\"")
        return nil
      }
      table.findings.record(table.path, "base_url", TOMLText.quoted(standard.baseURL), .builtIn)
      return BaseURL(text: standard.baseURL, origin: standard.origin)
    }
    guard case .string(let text) = node.value else {
      table.refuse(node, "base_url", expected: "a URL such as \"https://api.example.com/v1\"")
      return nil
    }
    do throws(BaseURL.Refusal) {
      let url = try BaseURL(parsing: text)
      table.findings.record(table.path, "base_url", TOMLText.quoted(url.text), node.origin)
      return url
    } catch {
      table.refuse(node.origin, "base_url", found: error.found, expected: error.expected)
      return nil
    }
  }

  private mutating func read(_ table: inout TableReader) {
    keySource = APIKeySource(&table, upstream: name)
    table.read("models", as: .array(of: .glob(of: "model names"), count: 0...256), into: &models)
    table.read("strip_prefix", as: .boolean, into: &stripPrefix)
    table.read("state", as: .choice, into: &state)
    headers = Self.readHeaders(&table)
    table.read("max_concurrent", as: .integer(1...4096), into: &maximumConcurrent)
    readTimeouts(&table)
    table.read("max_retries", as: .integer(0...10), into: &maximumRetries)
    let name = SettingType<String>.name(of: "an upstream", maximumBytes: 64)
    table.read("fallback", as: .array(of: name), into: &fallback)
    table.read("prewarm", as: .boolean, into: &prewarm)
    table.read(
      "ca_file", as: .absolutePath("of a PEM file"), into: &certificateAuthorities)
    table.finish()
  }

  private mutating func readTimeouts(_ table: inout TableReader) {
    let times = SettingType.duration(.milliseconds(1) ... .days(1))
    table.read("connect_timeout", as: times, into: &connectTimeout)
    isFirstEventTimeoutExplicit = table.has("first_event_timeout")
    table.read("first_event_timeout", as: times, into: &firstEventTimeout)
    table.read("idle_timeout", as: times, into: &idleTimeout)
    table.read("total_timeout", as: times, into: &totalTimeout)
  }

  private static func readHeaders(_ table: inout TableReader) -> [Header] {
    var headers: [Header] = []
    for entry in table.entries("headers") {
      if let problem = HeaderField.problem(name: entry.key, among: headers.map(\.name)) {
        table.refuse(
          entry.keyOrigin, "headers", found: "the name \(TOMLText.quoted(entry.key))",
          expected: problem)
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
