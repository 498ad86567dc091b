internal import Wire

extension PluginConfiguration {
  mutating func read(_ table: inout TableReader) {
    table.read("enabled", as: .boolean, into: &isEnabled)
    readCommand(&table)
    readHooks(&table)
    readTools(&table)
    readEnvironment(&table)
    readSandbox(&table)
    table.finish()
    if hooks.isEmpty, !servesTools, !table.has("hooks"), !table.has("tools") {
      table.refuseMissing("hooks", expected: "hooks = [\"request\"] or the like, or tools = true")
    }
  }

  private mutating func readCommand(_ table: inout TableReader) {
    let argument = SettingType<String>.text("a text without NUL", bytes: 0...65_536)
    var arguments = SettingType<[String]>.arguments(argument)
    arguments = arguments.refining("an array whose first element is an absolute path; no shell") {
      $0.first?.hasPrefix("/") == true
    }
    if table.has("command") {
      table.read("command", as: arguments, into: &command)
    } else {
      _ = table.take("command")
      table.refuseMissing("command", expected: arguments.expected)
    }
    table.read("directory", as: .absolutePath("of a directory"), into: &directory)
    table.read("start", as: .choice, into: &start)
    let seconds = SettingType.duration(.milliseconds(1) ... .seconds(3600))
    table.read("start_timeout", as: seconds, into: &startTimeout)
    table.read("idle_stop", as: .duration(.seconds(1) ... .days(30)), into: &idleStop)
    table.read("max_restarts", as: .integer(0...1000), into: &maximumRestarts)
  }

  private mutating func readHooks(_ table: inout TableReader) {
    table.read("hooks", as: .array(of: .choice), into: &hooks)
    table.read(
      "timeout", as: .duration(.milliseconds(1) ... .seconds(3600)), into: &timeout)
    table.read("on_failure", as: .choice, into: &onFailure)
  }

  private mutating func readTools(_ table: inout TableReader) {
    table.read("tools", as: .boolean, into: &servesTools)
    table.read("tool_timeout", as: .duration(.milliseconds(1) ... .days(1)), into: &toolTimeout)
    table.read("idempotent", as: .array(of: .glob(of: "plugin.tool")), into: &idempotent)
    table.read("approval", as: .choice, into: &approval)
    let glob = SettingType<String>.model
    let choice = SettingType<Approval>.choice
    for entry in table.entries("approvals") where table.check(entry, in: "approvals", glob) {
      guard let approval = choice.read(entry.node.value) else {
        table.refuse(entry.node, "approvals", expected: choice.expected)
        continue
      }
      approvals.append(ToolApproval(tool: Glob(entry.key), approval: approval))
      table.findings.record(
        table.path + ["approvals"], entry.key, choice.show(approval), entry.node.origin)
    }
  }

  private mutating func readSandbox(_ table: inout TableReader) {
    table.read("sandbox", as: .choice, into: &sandbox)
    table.read("memory_max", as: .size(1 << 20...1 << 40), into: &memoryMaximum)
    table.read("network", as: .boolean, into: &hasNetwork)
    table.read(
      "write", as: .array(of: .absolutePath("that it may write")), into: &writablePaths)
  }

  /// Reads variables; their values may be secrets and are shown nowhere.
  private mutating func readEnvironment(_ table: inout TableReader) {
    let name = SettingType<String>.variableName
    for entry in table.entries("env") where table.check(entry, in: "env", name) {
      guard case .string(let text) = entry.node.value, !text.utf8.contains(0) else {
        table.refuse(entry.node, "env", expected: "a text without NUL", isSecret: true)
        continue
      }
      environment.append(Variable(name: entry.key, value: text))
      table.findings.record(
        table.path + ["env"], entry.key, ConfigurationText.hidden, entry.node.origin)
    }
  }
}

extension SettingType {
  /// Returns the same type, of which fewer values are taken.
  func refining(_ expected: String, _ accepts: @escaping (Value) -> Bool) -> SettingType {
    let (read, readText) = (read, readText)
    return SettingType(
      expected: expected,
      read: { value in read(value).flatMap { accepts($0) ? $0 : nil } },
      readText: { text in readText(text).flatMap { accepts($0) ? $0 : nil } },
      show: show)
  }
}

extension SettingType where Value == String {
  /// The name of an environment variable (POSIX, XBD section 8.1).
  static var variableName: SettingType {
    text("the name of an environment variable (A-Z a-z 0-9 _, no digit first)", bytes: 1...128) {
      $0.utf8.first?.isASCIIDigit == false
        && $0.utf8.allSatisfy { $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "_") }
    }
  }
}

extension SettingType where Value == [String] {
  /// Arguments of a program: an array of texts, in which one may stand twice.
  static func arguments(_ argument: SettingType<String>) -> SettingType {
    SettingType(
      expected: "an array of a program and its arguments",
      read: { value in
        guard case .array(let nodes) = value, 1...256 ~= nodes.count else { return nil }
        let arguments = nodes.compactMap { argument.read($0.value) }
        return arguments.count == nodes.count && !arguments[0].isEmpty ? arguments : nil
      },
      readText: { _ in nil },
      show: TOMLText.array)
  }
}
