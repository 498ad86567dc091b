import ArgumentParser
import Client
import JSON

/// `halley export`: a conversation as a file.
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Print a conversation as Markdown or JSON.")

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case md, json
  }

  @Argument(help: "The conversation's name or id.")
  var conversation: String

  @Option(help: "md or json.")
  var format = Format.md

  @Flag(help: "The same as --format json.")
  var json = false

  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let items = try ConversationItems.all(of: conversation, daemon)
    let output = StandardStream(StandardStream.outputDescriptor)
    guard format == .json || json else {
      return try output.write("# \(conversation)\n\n\(Transcript.markdown(items))")
    }
    let object = try daemon.call(
      "conversations.retrieve", .object { $0.member("conversation", conversation) })
    try output.write(Transcript.json(object, items) + "\n")
  }
}
