import ArgumentParser
import Client

/// `halley templates`: prompts with places to fill in.
struct Templates: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "templates", abstract: "List, show, edit and save templates of prompts.",
    discussion: "Ask with one: halley -t NAME -P key=value …",
    subcommands: [List.self, Show.self, Edit.self, Save.self], defaultSubcommand: List.self)

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List the templates: a name a line, with its first words.")

    func run() throws {
      var lines = ""
      for (name, path) in TemplateFiles.all {
        lines += TerminalText.safe("\(name)\t\(Self.words(of: name, path))\n")
      }
      try StandardStream(StandardStream.outputDescriptor).write(lines)
    }

    private static func words(of name: String, _ path: String) -> String {
      do throws(Failure) {
        return try PromptTemplate(named: name).excerpt
      } catch {
        return error.message
      }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Print a template as it stands in its file.")

    @Argument(help: ArgumentHelp("The template's name.", valueName: "template"))
    var name: String

    func run() throws {
      let path = try Templates.path(of: name)
      let text = try FileContents.readText(path, InputLimit())
      try StandardStream(StandardStream.outputDescriptor).write(text)
    }
  }

  struct Edit: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "edit", abstract: "Open a template in $EDITOR; an installed one as your copy.")

    @Argument(help: ArgumentHelp("The template's name.", valueName: "template"))
    var name: String

    func run() throws {
      let own = try Templates.ownPath(of: name)
      if !AbsolutePath.isThere(own) {
        let text = try TemplateFiles.path(of: name).map { (path) throws(Failure) in
          try FileContents.readText(path, InputLimit())
        }
        try FileContents.createOwn(own, text ?? "{{input}}\n")
      }
      try TextEditor.open(own)
      _ = try PromptTemplate(named: name)
    }
  }

  struct Save: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "save", abstract: "Keep a prompt, and what it is asked with, as a template.",
      discussion: """
        EXAMPLES
          halley templates save haiku "Write a haiku about {{input}}."
          halley templates save reviewer -s "You review patches." -m gpt-5.4
        """)

    @Argument(help: ArgumentHelp("The template's name.", valueName: "template"))
    var name: String

    @Argument(help: "The prompt, with places such as {{input}}.")
    var text: [String] = []

    @Option(
      name: [.customShort("s"), .customLong("system")], parsing: .unconditional,
      help: ArgumentHelp("Instructions for the model.", valueName: "text"))
    var instructions: String?

    @Option(name: [.customShort("m"), .long], help: "The model.")
    var model: String?

    @Option(help: ArgumentHelp("How much to reason, such as low.", valueName: "level"))
    var effort: String?

    @Option(
      parsing: .unconditional,
      help: ArgumentHelp("A schema for the answer, as --schema takes it.", valueName: "schema"))
    var schema: String?

    @Option(
      name: .customLong("tool"), parsing: .unconditionalSingleValue,
      help: ArgumentHelp("A tool to offer; repeatable.", valueName: "glob"))
    var tools: [String] = []

    @Option(
      name: [.customShort("P"), .customLong("set")], parsing: .unconditionalSingleValue,
      help: ArgumentHelp("A default for a place; repeatable.", valueName: "key=value"))
    var values: [String] = []

    @Flag(help: "Replace a template of yours that has this name.")
    var force = false

    func validate() throws {
      if text.isEmpty, instructions == nil {
        throw ValidationError("there is nothing to save: give a prompt, or instructions with -s")
      }
    }

    func run() throws {
      let path = try Templates.ownPath(of: name)
      guard force || !AbsolutePath.isThere(path) else {
        throw Failure.usage(
          "there is a template \(name) already, in \(path)",
          advice: "--force replaces it; halley templates edit \(name) changes it")
      }
      let draft = try self.draft
      _ = try PromptTemplate(name: name, text: draft)
      if let schema { _ = try AnswerSchema(argument: schema) }
      try FileContents.createOwn(path, draft, replaces: force)
    }

    private var draft: String {
      get throws(Failure) {
        var settings = ""
        for (key, value) in [
          ("model", model), ("instructions", instructions), ("effort", effort), ("schema", schema),
          ("tools", tools.isEmpty ? nil : tools.joined(separator: ", ")),
        ] {
          if let value { settings += PromptTemplate.setting(key, value) }
        }
        var defaults: [String] = []
        for value in values {
          let (key, text) = try ModelOptions.pair(value, of: "-P", "key=value")
          defaults.append("\(key): \(text)")
        }
        if !defaults.isEmpty {
          settings += "defaults:\n" + defaults.map { "  \($0)\n" }.joined()
        }
        let front = settings.isEmpty ? "" : "---\n\(settings)---\n"
        let words = text.joined(separator: " ")
        return front + (words.isEmpty ? "" : words + "\n")
      }
    }
  }

  static func path(of name: String) throws(Failure) -> String {
    guard let path = TemplateFiles.path(of: name), TemplateFiles.isName(name) else {
      let names = TemplateFiles.all.map(\.name)
      throw Failure(
        .noInput, "there is no template \"\(name)\"",
        advice: names.isEmpty
          ? "make one: halley templates save NAME TEXT"
          : "there are: \(names.joined(separator: ", "))")
    }
    return path
  }

  static func ownPath(of name: String) throws(Failure) -> String {
    guard TemplateFiles.isName(name) else { throw .usage("\"\(name)\" is no name for a template") }
    guard let directory = TemplateFiles.ownDirectory else {
      throw .usage("neither HOME nor XDG_CONFIG_HOME says where templates are")
    }
    return "\(directory)/\(name).md"
  }
}
