/// What Tab makes of a line of a chat: names of models, and of files.
package struct ChatOffers {
  private let models: () -> [String]

  /// - Parameter models: asks for them; nobody waits for that otherwise.
  package init(models: @escaping () -> [String]) {
    self.models = models
  }

  package func callAsFunction(_ text: String) -> [String] {
    if text.hasPrefix("/model ") { return models().map { "/model \($0)" } }
    for command in ["/attach ", "/save "] where text.hasPrefix(command) {
      return Self.paths(String(text.dropFirst(command.count))).map { command + $0 }
    }
    return []
  }

  /// The path that `~/` stands for.
  package static func expanded(_ path: String) -> String {
    guard path.hasPrefix("~/"), let home = Environment.value("HOME") else { return path }
    return home + path.dropFirst()
  }

  private static func paths(_ typed: String) -> [String] {
    if typed == "~" { return ["~/"] }
    let slash = typed.lastIndex(of: "/")
    let directory = slash.map { String(typed[...$0]) } ?? ""
    let place = directory.isEmpty ? "." : expanded(directory)
    let isHidden = typed.dropFirst(directory.count).hasPrefix(".")
    return names(in: place).filter { isHidden || !$0.hasPrefix(".") }.map { name in
      if case .directory = PathKind("\(place)/\(name)") { return "\(directory)\(name)/" }
      return directory + name
    }
  }

  private static func names(in directory: String) -> [String] {
    do throws(Failure) { return try FileTree.names(in: directory) } catch { return [] }
  }
}
