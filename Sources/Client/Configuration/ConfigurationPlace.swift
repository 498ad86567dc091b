package import JSON

/// Where the configuration of the daemon that is in use stands.
package struct ConfigurationPlace: Sendable {
  /// The path of config.toml, which need not be there.
  package let path: String

  /// - Parameters:
  ///   - explicit: another file, as `--config` names it.
  ///   - status: what `daemon.status` answers; nil where no daemon does.
  ///   - isSystem: whether that daemon is the system's.
  package init(
    explicit: String?, status: RawJSON?, isSystem: Bool
  ) throws(Failure) {
    let files = status?["configuration"]?["files"]?.elements.compactMap(\.string) ?? []
    let main = files.first { !$0.split(separator: "/").dropLast().hasConfD }
    let usual =
      isSystem
      ? "/etc/halley/config.toml"
      : Environment.configurationDirectory.map {
        $0 + "/config.toml"
      }
    guard let path = explicit ?? main ?? usual else {
      throw .usage("neither HOME nor XDG_CONFIG_HOME says where the configuration is")
    }
    self.path = path
  }

  package var directory: String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }

  /// The file of `conf.d` that sets a key too, and wins.
  package func override(_ key: [String]) throws(Failure) -> String? {
    let confD = "\(directory)/conf.d"
    guard case .directory = PathKind(confD) else { return nil }
    for name in try FileTree.names(in: confD).reversed() where name.hasSuffix(".toml") {
      let file = "\(confD)/\(name)"
      if TOMLFile(try FileContents.readText(file, InputLimit())).has(key) { return file }
    }
    return nil
  }

  /// The file's text; empty where it is not there.
  package func read() throws(Failure) -> String {
    guard AbsolutePath.isThere(path) else { return "" }
    return try FileContents.readText(path, InputLimit())
  }

  /// Writes the file in place of the one that is there, if one is.
  package func write(_ text: String) throws(Failure) {
    do throws(SystemError) {
      try Directory.make(directory)
      try FileContents.replace(real, with: Array(text.utf8))
    } catch {
      throw Failure(.failed, "\(path) can't be written: \(error.reason)")
    }
  }

  /// A link stays one.
  private var real: String { Directory.real(path) ?? path }
}

extension ArraySlice<Substring> {
  fileprivate var hasConfD: Bool { last == "conf.d" }
}
