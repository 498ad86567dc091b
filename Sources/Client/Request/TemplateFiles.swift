/// The templates that `-t` may name: the user's, and those that are installed.
package enum TemplateFiles {
  /// Where templates are looked for, the user's first.
  package static var directories: [String] {
    let shares = [
      Environment.value("XDG_DATA_HOME").map { $0 + "/halley" },
      Environment.value("HOME").map { $0 + "/.local/share/halley" },
      Program.share, "/usr/local/share/halley", "/usr/share/halley",
    ]
    return ([own] + shares).compactMap { $0.map { $0 + "/templates" } }
  }

  /// Those of the user.
  package static var ownDirectory: String? { own.map { $0 + "/templates" } }

  private static var own: String? { Environment.configurationDirectory }

  package static func isName(_ name: String) -> Bool {
    !name.isEmpty && !name.contains("/") && !name.hasPrefix(".")
  }

  /// The file of a template; nil where there is none.
  package static func path(of name: String) -> String? {
    directories.lazy.map { "\($0)/\(name).md" }.first(where: AbsolutePath.isThere)
  }

  /// The names of all, each once, with where it stands.
  package static var all: [(name: String, path: String)] {
    var found: [String: String] = [:]
    for directory in directories {
      guard case .directory = PathKind(directory) else { continue }
      for name in names(in: directory) where name.hasSuffix(".md") && !name.hasPrefix(".") {
        let stem = String(name.dropLast(3))
        found[stem] = found[stem] ?? "\(directory)/\(name)"
      }
    }
    return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private static func names(in directory: String) -> [String] {
    do throws(Failure) { return try FileTree.names(in: directory) } catch { return [] }
  }
}
