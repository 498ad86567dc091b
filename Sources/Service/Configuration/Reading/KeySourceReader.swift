extension APIKeySource {
  private static let expected =
    "one of { env = \"NAME\" }, { credential = \"NAME\" }, { file = \"PATH\" },"
    + " { command = [\"PROGRAM\", …] }, { none = true }"

  /// Reads `api_key`; `automatic` where it is absent or wrong.
  init(_ table: inout TableReader, upstream: String) {
    self = .automatic(upstream)
    guard let node = table.take("api_key") else {
      table.findings.record(table.path, "api_key", "", .builtIn)
      return
    }
    guard case .table(let members) = node.value, members.entries.count == 1,
      let entry = members.entries.first
    else {
      Self.refuse(node, table)
      return
    }
    guard let source = Self.source(entry, table) else { return }
    self = source
    let shown = TOMLText.table([(entry.key, TOMLText.value(entry.node))])
    table.findings.record(table.path, "api_key", shown, node.origin)
  }

  /// A string is most likely the key itself: it is not repeated.
  private static func refuse(_ node: TOMLNode, _ table: TableReader) {
    guard case .table(let members) = node.value else {
      return table.refuse(
        node, "api_key", expected: expected + "; the key itself does not belong here",
        isSecret: true)
    }
    let found = members.entries.map(\.key).joined(separator: " and ")
    table.refuse(
      node.origin, "api_key", found: found.isEmpty ? "an empty table" : found, expected: expected)
  }

  private static func source(
    _ entry: TOMLTable.Entry, _ table: TableReader
  ) -> APIKeySource? {
    switch (entry.key, entry.node.value) {
    case ("env", let value):
      return check(SettingType<String>.variableName, value, entry, table).map { .environment($0) }
    case ("credential", let value):
      return check(.credentialName, value, entry, table).map { .credential($0) }
    case ("file", let value):
      let path = check(.text("the path of a file"), value, entry, table)
      return path.map { .file(absolute($0, entry.node.origin, table)) }
    case ("command", let value):
      let arguments = SettingType<[String]>.arguments(
        .text("a text without NUL", bytes: 0...65_536))
      return check(arguments, value, entry, table).flatMap { command($0, entry, table) }
    case ("none", .boolean(true)):
      return APIKeySource.none
    case ("none", let value):
      return check(SettingType<Bool>.boolean.refining("true") { $0 }, value, entry, table)
        .map { _ in .none }
    default:
      let known = ["env", "credential", "file", "command", "none"]
      table.refuse(
        entry.keyOrigin, "api_key", found: "an unknown key \(TOMLText.quoted(entry.key))",
        expected: expected, suggestion: Spelling.nearest(to: entry.key, among: known))
      return nil
    }
  }

  private static func check<Value>(
    _ type: SettingType<Value>, _ value: TOMLNode.Value, _ entry: TOMLTable.Entry,
    _ table: TableReader
  ) -> Value? {
    if let value = type.read(value) { return value }
    table.refuse(
      entry.node.origin, "api_key",
      found: entry.node.described(isSecret: true) + " for \(entry.key)", expected: type.expected)
    return nil
  }

  /// Relative paths begin beside the file that names them, `~/` at the home directory.
  private static func absolute(
    _ path: String, _ origin: ConfigurationOrigin, _ table: TableReader
  ) -> String {
    if path.hasPrefix("/") { return path }
    if path.hasPrefix("~/") { return table.findings.homeDirectory + path.dropFirst() }
    guard case .file(let file, _, _) = origin else { return path }
    return ConfigurationPaths.directory(of: file) + "/" + path
  }

  private static func command(
    _ arguments: [String], _ entry: TOMLTable.Entry, _ table: TableReader
  ) -> APIKeySource? {
    let program = arguments[0]
    guard let path = Executable.find(program, in: table.findings.searchPath) else {
      table.refuse(
        entry.node.origin, "api_key", found: "no program \(TOMLText.quoted(program))",
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
