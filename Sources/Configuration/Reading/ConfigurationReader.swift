internal import EventLoop
internal import Wire

extension Configuration {
  /// Reads everything below the root of the files, merged.
  mutating func read(_ table: inout TableReader) {
    let name = SettingType<String>.name(of: "an upstream", maximumBytes: 64)
    let proxy = ProxyConfiguration.read(&table)
    readUpstreams(&table, name, proxy)
    table.read("default_upstream", as: name, into: &defaultUpstream)
    table.read("default_model", as: .model, into: &defaultModel)
    readAliases(&table)
    readNamed(&table)
    readSections(&table)
    table.finish()
    checkUpstreamNames(table.findings)
    checkTunnels(table.findings)
    checkSockets(table.findings)
  }

  /// The built-in upstream stays beside those that are defined, but then it is used by name only: a
  /// user who defines an upstream does not want prompts to go elsewhere unasked.
  private mutating func readUpstreams(
    _ table: inout TableReader, _ name: SettingType<String>, _ proxy: ProxyConfiguration?
  ) {
    let builtIn = UpstreamConfiguration.builtIn
    let tables = table.subtables("upstreams", named: name)
    upstreams = tables.compactMap { name, reader in
      var reader = reader
      return UpstreamConfiguration(
        name, &reader, standard: name == builtIn.name ? builtIn : nil, proxy: proxy)
    }
    guard !tables.contains(where: { $0.name == builtIn.name }) else { return }
    if let first = tables.first { defaultUpstream = first.name }
    var reader = TableReader(
      path: ["upstreams", builtIn.name], table: TOMLTable(), origin: .builtIn,
      findings: table.findings)
    var standard = builtIn
    if !tables.isEmpty { standard.models = [] }
    let added = UpstreamConfiguration(
      builtIn.name, &reader, standard: standard, proxy: proxy)
    upstreams.append(added ?? standard)
  }

  /// An alias leads to a model and to no other alias, so that there are no circles.
  private mutating func readAliases(_ table: inout TableReader) {
    let model = SettingType<String>.model
    for entry in table.entries("aliases") where table.check(entry, in: "aliases", model) {
      guard let target = model.read(entry.node.value) else {
        table.findings.refuse(
          ConfigurationError(
            entry.node.origin, key: TOMLText.path(["aliases", entry.key]),
            found: entry.node.described(), expected: model.expected))
        continue
      }
      aliases[entry.key] = target
      table.findings.record(["aliases"], entry.key, model.show(target), entry.node.origin)
    }
  }

  private mutating func readNamed(_ table: inout TableReader) {
    let profile = SettingType<String>.name(of: "a profile", maximumBytes: 64)
    for (name, reader) in table.subtables("profiles", named: profile) {
      var reader = reader
      var profile = ProfileConfiguration(name: name)
      profile.read(&reader)
      profiles.append(profile)
    }
    for (name, reader) in table.subtables("plugins", named: .pluginName) {
      var reader = reader
      var plugin = PluginConfiguration(name: name)
      plugin.read(&reader)
      plugins.append(plugin)
    }
    let socket = SettingType<String>.name(of: "a socket", maximumBytes: 64)
    for (name, reader) in table.subtables("sockets", named: socket) {
      var reader = reader
      if let socket = SocketConfiguration(name, &reader) { sockets.append(socket) }
    }
    for (name, reader) in table.subtables("prices", named: .model) {
      var reader = reader
      var price = PriceConfiguration(model: Glob(name))
      price.read(&reader)
      prices.append(price)
    }
  }

  private mutating func readSections(_ table: inout TableReader) {
    if var section = table.subtable("cache", takesText: true) { cache.read(&section) }
    if var section = table.subtable("budgets", takesText: true) { budgets.read(&section) }
    if var section = table.subtable("store", takesText: true) { store.read(&section) }
    if var section = table.subtable("limits", takesText: true) { limits.read(&section) }
    if var section = table.subtable("log", takesText: true) { log.read(&section) }
    if var section = table.subtable("http", takesText: true) { http.read(&section) }
  }

  /// Checks that every name of an upstream leads to one.
  private func checkUpstreamNames(_ findings: ConfigurationFindings) {
    check(defaultUpstream, [], "default_upstream", findings)
    for profile in profiles {
      if let name = profile.upstream {
        check(name, ["profiles", profile.name], "upstream", findings)
      }
    }
    for upstream in upstreams {
      let table = ["upstreams", upstream.name]
      for name in upstream.fallback {
        check(name, table, "fallback", findings, besides: upstream.name)
      }
    }
  }

  /// libcurl 7.88 keeps tunnels apart by proxy and host, but not by the user that had them made.
  private func checkTunnels(_ findings: ConfigurationFindings) {
    for (index, upstream) in upstreams.enumerated() {
      let isShared = upstreams[..<index].contains { other in
        other.origin == upstream.origin && other.proxy?.url == upstream.proxy?.url
          && other.proxy?.credentialSource != upstream.proxy?.credentialSource
      }
      guard isShared else { continue }
      let table = ["upstreams", upstream.name]
      findings.refuseWhole(
        ConfigurationError(
          findings.origin(of: table, "proxy_auth"), key: TOMLText.path(table + ["proxy_auth"]),
          found: "another source than for an upstream at the same host behind the same proxy",
          expected: "one user of the proxy for \(upstream.origin)"))
    }
  }

  /// Two sockets can't be at one place, nor one where the daemon itself listens; and no upstream is
  /// asked where the daemon would ask itself.
  private func checkSockets(_ findings: ConfigurationFindings) {
    for (index, socket) in sockets.enumerated() {
      let isTaken = ([paths.socket.path] + sockets[..<index].map(\.path)).contains {
        SocketPath.areSame($0, socket.path)
      }
      guard isTaken else { continue }
      let table = ["sockets", socket.name]
      findings.refuseWhole(
        ConfigurationError(
          findings.origin(of: table, "path"), key: TOMLText.path(table + ["path"]),
          found: TOMLText.quoted(socket.path) + ", where another socket is",
          expected: "a path of its own"))
    }
    for upstream in upstreams {
      guard let own = ownPlace(upstream.origin) else { continue }
      let table = ["upstreams", upstream.name]
      findings.refuseWhole(
        ConfigurationError(
          findings.origin(of: table, "base_url"), key: TOMLText.path(table + ["base_url"]),
          found: "the daemon's own \(own)",
          expected: "another service: what is asked would come back"))
    }
  }

  /// What is configured to listen where a connection leads; nil for another's place.
  private func ownPlace(_ origin: UpstreamOrigin) -> String? {
    guard let path = origin.socketPath else {
      let isOwn = http.listen.contains { $0.authority == "\(origin.host):\(origin.port)" }
      return isOwn ? "address of [http]" : nil
    }
    let beside = ConfigurationPaths.directory(of: paths.socket.path) + "/http.sock"
    if !http.listen.isEmpty, SocketPath.areSame(path, beside) { return "socket for HTTP" }
    if SocketPath.areSame(path, paths.socket.path) { return "socket" }
    return sockets.first { SocketPath.areSame($0.path, path) }.map { "[sockets.\($0.name)]" }
  }

  /// - Parameter besides: an upstream that the name may not mean.
  private func check(
    _ name: String, _ table: [String], _ key: String, _ findings: ConfigurationFindings,
    besides excluded: String? = nil
  ) {
    let known = upstreams.map(\.name).filter { $0 != excluded }
    guard !known.contains(name) else { return }
    // A table with mistakes of its own defines the name all the same.
    guard name == excluded || !findings.isDefined(upstream: name) else { return }
    findings.refuseWhole(
      ConfigurationError(
        findings.origin(of: table, key), key: TOMLText.path(table + [key]),
        found: TOMLText.quoted(name),
        expected: "the name of an upstream: \(known.joined(separator: ", "))",
        suggestion: closest(to: name, among: known)))
  }
}

extension ConfigurationFindings {
  fileprivate func isDefined(upstream name: String) -> Bool {
    settings.contains { $0.table == ["upstreams", name] }
  }
}

extension SettingType where Value == String {
  /// A plugin's name begins the names of its tools (`plugin__tool`, at most 64 bytes).
  static var pluginName: SettingType {
    text(
      "the name of a plugin: 1 to 32 of A-Z a-z 0-9 _ -, a letter or digit first, no \"__\"",
      bytes: 1...32
    ) { isName($0) && !hasDoubleUnderscore($0) }
  }

  private static func hasDoubleUnderscore(_ text: String) -> Bool {
    zip(text.utf8, text.utf8.dropFirst()).contains { $0 == UInt8(ascii: "_") && $1 == $0 }
  }
}
