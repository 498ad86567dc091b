import ArgumentParser

/// A shell that Halley has an integration for.
enum Shell: String, CaseIterable, ExpressibleByArgument {
  case bash
  case zsh
  case fish

  /// The integration as it stands in `contrib/shell`: its last line binds the keys.
  private var file: [UInt8] {
    switch self {
    case .bash: PackageResources.halley_bash
    case .zsh: PackageResources.halley_zsh
    case .fish: PackageResources.halley_fish
    }
  }

  /// The integration, with its keys bound to others than the usual ones or, where nil, to none.
  func integration(key: ShellKey?) -> String {
    let text = String(decoding: file, as: UTF8.self)
    let lines = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
    let unbound = lines.dropLast().map { $0 + "\n" }.joined()
    return key.map { unbound + "__halley_bind \($0.arguments(for: self))\n" } ?? unbound
  }
}
