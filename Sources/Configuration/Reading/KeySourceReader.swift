internal import Wire

extension APIKeySource {
  /// Reads `api_key`; `automatic` where it is absent or wrong.
  ///
  /// - Parameter refresh: set where a command stands beside the age that its key may reach.
  init(_ table: inout TableReader, upstream: String, refresh: inout Duration?) {
    self = .automatic(upstream)
    guard let node = table.take("api_key") else {
      table.findings.record(table.path, "api_key", "", .builtIn)
      return
    }
    var reader = KeySourceReader(table: table, key: "api_key")
    reader.known.append("none")
    if let source = reader.read(node, refresh: &refresh) { self = source }
  }

  /// Reads `proxy_auth`; nil where it is absent or wrong.
  static func proxyCredentials(_ table: inout TableReader) -> APIKeySource? {
    guard let node = table.take("proxy_auth") else { return nil }
    var refresh: Duration?
    return KeySourceReader(table: table, key: "proxy_auth").read(node, refresh: &refresh)
  }
}

/// Reads a table that names the source of a secret.
private struct KeySourceReader {
  let table: TableReader
  /// The setting that holds the table.
  let key: String
  var known = ["env", "credential", "file", "command"]

  private static let forms = [
    "env": "{ env = \"NAME\" }", "credential": "{ credential = \"NAME\" }",
    "file": "{ file = \"PATH\" }", "command": "{ command = [\"PROGRAM\", …] }",
    "none": "{ none = true }",
  ]

  private var expected: String {
    "one of " + known.compactMap { Self.forms[$0] }.joined(separator: ", ")
  }

  /// Returns nil, and says why, for what is no source.
  func read(_ node: TOMLNode, refresh: inout Duration?) -> APIKeySource? {
    guard case .table(let members) = node.value else {
      // A string is most likely the secret itself: it is not repeated.
      table.refuse(
        node, key, expected: expected + "; the key itself does not belong here", isSecret: true)
      return nil
    }
    var entries = members.entries
    if known.contains("none"), entries.contains(where: { $0.key == "command" }),
      let index = entries.firstIndex(where: { $0.key == "refresh" })
    {
      let entry = entries.remove(at: index)
      refresh = check(SettingType.duration(.seconds(1) ... .days(366)), entry.node.value, entry)
      if refresh == nil { return nil }
    }
    guard entries.count == 1, let entry = entries.first else {
      let found = members.entries.map(\.key).joined(separator: " and ")
      table.refuse(
        node.origin, key, found: found.isEmpty ? "an empty table" : found, expected: expected)
      return nil
    }
    guard let source = source(entry) else { return nil }
    let shown = TOMLText.table(members.entries.map { ($0.key, TOMLText.value($0.node)) })
    table.findings.record(table.path, key, shown, node.origin)
    return source
  }

  private func source(_ entry: TOMLTable.Entry) -> APIKeySource? {
    switch (entry.key, entry.node.value) {
    case ("env", let value):
      return check(SettingType<String>.variableName, value, entry).map { .environment($0) }
    case ("credential", let value):
      return check(.credentialName, value, entry).map { .credential($0) }
    case ("file", let value):
      let path = check(.text("the path of a file"), value, entry)
      return path.map { .file(absolute($0, entry.node.origin)) }
    case ("command", let value):
      let arguments = SettingType<[String]>.arguments(
        .text("a text without NUL", bytes: 0...65_536))
      return check(arguments, value, entry).flatMap { command($0, entry) }
    case ("none", .boolean(true)) where known.contains("none"):
      return APIKeySource.none
    case ("none", let value) where known.contains("none"):
      return check(SettingType<Bool>.boolean.refining("true") { $0 }, value, entry).map { _ in .none
      }
    default:
      table.refuse(
        entry.keyOrigin, key, found: "an unknown key \(TOMLText.quoted(entry.key))",
        expected: expected, suggestion: closest(to: entry.key, among: known))
      return nil
    }
  }

  private func check<Value>(
    _ type: SettingType<Value>, _ value: TOMLNode.Value, _ entry: TOMLTable.Entry
  ) -> Value? {
    if let value = type.read(value) { return value }
    table.refuse(
      entry.node.origin, key,
      found: entry.node.described(isSecret: true) + " for \(entry.key)", expected: type.expected)
    return nil
  }

  /// Relative paths begin beside the file that names them, `~/` at the home directory.
  private func absolute(_ path: String, _ origin: ConfigurationOrigin) -> String {
    if path.hasPrefix("/") { return path }
    if path.hasPrefix("~/") { return table.findings.homeDirectory + path.dropFirst() }
    guard case .file(let file, _, _) = origin else { return path }
    return ConfigurationPaths.directory(of: file) + "/" + path
  }

  private func command(_ arguments: [String], _ entry: TOMLTable.Entry) -> APIKeySource? {
    let program = arguments[0]
    guard let path = Executable.find(program, in: table.findings.searchPath) else {
      table.refuse(
        entry.node.origin, key, found: "no program \(TOMLText.quoted(program))",
        expected: "an absolute path, or the name of a program in PATH")
      return nil
    }
    return .command([path] + arguments.dropFirst())
  }
}

extension SettingType where Value == String {
  /// The name of a systemd credential: a file name (systemd.exec(5), LoadCredential=).
  static var credentialName: SettingType {
    text("the name of a credential: a file name of 1 to 255 bytes", bytes: 1...255) {
      !$0.utf8.contains(UInt8(ascii: "/")) && $0 != "." && $0 != ".."
    }
  }
}
