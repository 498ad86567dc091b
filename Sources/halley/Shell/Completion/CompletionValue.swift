import Client

/// What a value on the command line names.
enum CompletionValue: Equatable {
  case models
  case upstreams
  case profiles
  case conversations
  case responses
  case templates
  case tools
  case tokens
  case methods
  case files
  case choices([String])
  case words

  private static let ofOptions: [String: CompletionValue] = [
    "--model": .models, "--upstream": .upstreams, "--profile": .profiles,
    "--conversation": .conversations, "--template": .templates, "--tool": .tools,
    "--models": .models, "--tools": .tools,
    "--attach": .files, "--file": .files, "--schema": .files, "--schema-multi": .files,
    "--socket": .files,
    "--config": .files,
    "--effort": .choices(["none", "minimal", "low", "medium", "high", "xhigh"]),
  ]

  private static let ofArguments: [String: CompletionValue] = [
    "show name": .conversations, "fork conversation": .conversations,
    "rename conversation": .conversations, "delete names": .conversations,
    "export conversation": .conversations, "attach id": .responses, "cancel id": .responses,
    "set name": .upstreams, "revoke names": .tokens, "rpc method": .methods,
    "backup file": .files, "test names": .upstreams, "remove name": .upstreams,
    "edit template": .templates, "show template": .templates, "models name": .models,
  ]

  /// What the value of an option or an argument of a command is.
  init(_ parameter: CommandSurface.Parameter, of command: String) {
    if !parameter.choices.isEmpty {
      self = .choices(parameter.choices)
    } else if let option = parameter.names.lazy.compactMap({ Self.ofOptions[$0] }).first {
      self = option
    } else {
      self = Self.ofArguments["\(command) \(parameter.valueName)"] ?? .words
    }
  }
}
