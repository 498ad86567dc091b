import ArgumentParser
import JSON

/// The options and arguments of a command, out of the parser's own description of it.
struct CommandSurface {
  struct Parameter {
    enum Kind: String {
      case flag
      case option
      case positional
    }

    let kind: Kind
    /// With their dashes, the short one first.
    let names: [String]
    let valueName: String
    let note: String
    let choices: [String]
    let isRepeating: Bool
  }

  let name: String
  let parameters: [Parameter]

  /// What a command has that is nothing but the parent of others.
  static let none = CommandSurface()

  private init() {
    name = ""
    parameters = []
  }

  init(_ command: any ParsableCommand.Type) {
    let described = Self.description(of: command)
    name = described["commandName"]?.string ?? ""
    parameters = (described["arguments"]?.elements ?? []).compactMap(Parameter.init)
  }

  func option(_ name: some StringProtocol) -> Parameter? {
    parameters.first { $0.names.contains { $0 == name } }
  }

  /// The argument at a place; the last may stand for all that follow.
  func argument(_ index: Int) -> Parameter? {
    let arguments = parameters.filter { $0.kind == .positional }
    if index < arguments.count { return arguments[index] }
    return arguments.last.flatMap { $0.isRepeating ? $0 : nil }
  }

  private static func description(of command: any ParsableCommand.Type) -> RawJSON {
    do throws(JSONError) {
      return try RawJSON(parsing: command._dumpHelp())["command"] ?? .emptyObject
    } catch {
      preconditionFailure("the parser describes a command in JSON that is none: \(error.message)")
    }
  }
}

extension CommandSurface.Parameter {
  fileprivate init?(_ json: RawJSON) {
    guard let kind = json["kind"]?.string.flatMap(Kind.init), json["shouldDisplay"]?.boolean == true
    else { return nil }
    self.kind = kind
    names = (json["names"]?.elements ?? []).compactMap { name in
      name["name"]?.string.map { (name["kind"]?.string == "long" ? "--" : "-") + $0 }
    }
    valueName = json["valueName"]?.string ?? ""
    note = json["abstract"]?.string ?? ""
    choices = (json["allValues"]?.elements ?? []).compactMap(\.string)
    isRepeating = json["isRepeating"]?.boolean ?? false
  }
}
