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
    name: [.customShort("f"), .customLong("file")],
    help: ArgumentHelp("Put a text file into the prompt, under its name. Repeatable."))
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

  @Flag(name: .customLong("no-stdin"), help: "Leave stdin alone, even if it is a pipe or a file.")
  var ignoresStdin = false

  @Argument(help: ArgumentHelp("The words to ask. Text from stdin comes before them."))
  var prompt: [String] = []

  func validate() throws {
    if attachments.filter({ $0 == "-" }).count > 1 {
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
    attachments.isEmpty && files.isEmpty && template == nil && prompt.isEmpty
  }

  var attachesStdin: Bool { attachments.contains("-") }

  /// Whether stdin is to be read: as an attachment, or as text that was piped in.
  var readsStdin: Bool { attachesStdin || (!ignoresStdin && StandardInput.isPiped) }
}
