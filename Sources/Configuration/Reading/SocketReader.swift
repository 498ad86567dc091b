internal import Wire

extension SocketConfiguration {
  /// Reads `[sockets.NAME]`; nil where it has no usable path.
  init?(_ name: String, _ table: inout TableReader) {
    var path: String?
    table.read("path", as: .socketPath, into: &path)
    if !table.has("path") { table.refuseMissing("path", expected: SettingType.socketPath.expected) }
    self.init(name: name, path: path ?? "")
    table.read("protocol", as: .choice, into: &proto)
    table.read("mode", as: .fileMode, into: &mode)
    table.read("budget_usd", as: .dollars, into: &budget)
    table.read("models", as: .array(of: .glob(of: "model names"), count: 0...64), into: &models)
    table.read("tools", as: .array(of: .glob(of: "plugin.tool")), into: &tools)
    table.finish()
    if path == nil { return nil }
  }
}

extension SettingType where Value == String {
  fileprivate static var socketPath: SettingType {
    text("an absolute path of at most 107 bytes", bytes: 1...107) {
      $0.hasPrefix("/") && !$0.hasSuffix("/")
    }
  }
}

extension SettingType where Value == UInt32 {
  /// The permissions of a file, as chmod(1) takes them in octal. The owner keeps his.
  fileprivate static var fileMode: SettingType {
    let read: (String) -> UInt32? = { text in
      let isOctal = 3...4 ~= text.utf8.count && text.utf8.allSatisfy { 0x30...0x37 ~= $0 }
      return (isOctal ? UInt32(text, radix: 8) : nil).flatMap { mode in
        mode & ~0o666 == 0 && mode & 0o600 == 0o600 ? mode : nil
      }
    }
    return SettingType(
      expected: "a mode such as \"0660\": 06 and two digits of 0, 2, 4 and 6",
      read: { if case .string(let text) = $0 { read(text) } else { nil } },
      readText: read,
      show: { TOMLText.quoted("0" + String($0, radix: 8)) })
  }
}
