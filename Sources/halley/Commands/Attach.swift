import ArgumentParser
import Client
import JSON

/// `halley attach`: reads a response that runs, or has run, from its beginning.
struct Attach: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attach",
    abstract: "Print a running or finished answer, and follow it to its end.",
    discussion: "Ctrl-C leaves it running; halley cancel stops it.")

  @Argument(help: "The response's id, such as resp_….")
  var id: String

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Leave out the events up to this number.", valueName: "number"),
    transform: OptionNumber.integer(0...Int(Int32.max)))
  var startingAfter: Int?

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let connection = try daemon.connect()
    var call = try AnswerCall(output)
    call.startsLate = startingAfter != nil
    let params = RawJSON.object { params in
      params.member("response_id", id)
      params.member("stream", true)
      if let startingAfter { params.member("starting_after", startingAfter) }
    }
    try call.run(call.session(connection), "responses.retrieve", params, onInterrupt: .leave)
  }
}
