import ArgumentParser
import Client

/// What is asked.
struct PromptOptions: ParsableArguments {
  @Option(
    name: [.customShort("a"), .customLong("attach")], parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Attach an image or a file: a path, a URL, or - for stdin. Repeatable.",
      valueName: "file|url|-"))
  var attachments: [String] = []

  @Option(
    name: .customLong("at"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "The media type of the attachment before it, as in -a page --at text/html.",
      valueName: "type"))
  var types: [String] = []

  @Option(
    name: [.customShort("f"), .customLong("file")],
    help: ArgumentHelp(
      "Put text into the prompt, under its name: a file, a directory, a 'glob', a URL. Repeatable.",
      valueName: "file|url"))
  var files: [String] = []

  @Option(
    name: [.customShort("t"), .long],
    help: ArgumentHelp("Fill the prompt into templates/NAME.md.", valueName: "name"))
  var template: String?

  @Option(
    name: [.customShort("P"), .customLong("set")], parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A value for a template's place {{key}}. Repeatable.", valueName: "key=value"))
  var values: [String] = []

  @Flag(
    name: [.customShort("e"), .customLong("edit")],
    help: "Write the prompt in $EDITOR, which begins with these words.")
  var edits = false

  @Flag(name: .customLong("no-stdin"), help: "Leave stdin alone, even if it is a pipe or a file.")
  var ignoresStdin = false

  @Argument(help: ArgumentHelp("The words to ask. Text from stdin comes before them."))
  var prompt: [String] = []

  func validate() throws {
    if let type = types.first {
      throw ValidationError("--at \(type) stands behind no -a whose type it could be")
    }
    if attachedFiles.filter({ $0.argument == "-" }).count > 1 {
      throw ValidationError("-a - can be given once: stdin ends only once")
    }
    if !values.isEmpty, template == nil {
      throw ValidationError("-P gives a value to a template, and no -t names one")
    }
    if ignoresStdin, attachesStdin {
      throw ValidationError("-a - reads stdin, which --no-stdin forbids")
    }
  }

  /// Whether nothing is asked and nothing attached.
  var isEmpty: Bool {
    attachments.isEmpty && files.isEmpty && template == nil && prompt.isEmpty && !edits
  }

  /// Whether nothing but words is asked.
  var isOnlyWords: Bool { attachments.isEmpty && files.isEmpty && template == nil }

  var attachesStdin: Bool { attachedFiles.contains { $0.argument == "-" } }

  /// What stands behind each `-a`, and the type that `--at` has given it.
  var attachedFiles: [(argument: String, type: String?)] {
    attachments.map { argument in
      guard let (file, type) = AttachmentTypes.parts(of: argument) else { return (argument, nil) }
      return (file, type)
    }
  }

  /// Whether stdin is to be read: as an attachment, or as text that was piped in.
  var readsStdin: Bool { attachesStdin || (!ignoresStdin && StandardInput.isPiped) }
}
