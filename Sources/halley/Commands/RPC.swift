import ArgumentParser
import Client
import JSON
import Wire

/// `halley rpc`: any method of the protocol.
struct RPC: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rpc",
    abstract: "Call a method of the daemon; print its notifications and its result as JSON lines.",
    discussion: """
      EXAMPLES
        halley rpc daemon.ping
        halley rpc responses.create '{"input":"Hi","stream":true}'
        halley rpc responses.create < request.json
      """)

  /// Prints each notification as one line.
  private struct Observer: CallObserver {
    let output: StandardStream
    var tickInterval: Int32? { nil }

    mutating func receive(_ notification: RPCRequest) throws(Failure) {
      let line = RPCLine(notification.method, notification.params)
      try output.write(Array(line.pieces.joined()))
    }

    mutating func callWasInterrupted() {}
    mutating func tick() {}
  }

  @Argument(help: "The method, such as daemon.status.")
  var method: String

  @Argument(
    help: ArgumentHelp("Its params; else they are read from a piped stdin.", valueName: "json"))
  var params: String?

  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let call = try AnswerCall(OutputOptions.parse([]))
    let params = try RPC.params(from: text(call.interrupts))
    var observer = Observer(output: call.output)
    do throws(Failure) {
      let session = call.session(try daemon.connect())
      let result = try session.call(method, params, observer: &observer)
      try call.output.write(Array(result.bytes) + [0x0A])
    } catch {
      if let remote = error.remote {
        let line = RawJSON.object { $0.member("error", remote) }
        try call.output.write(Array(line.bytes) + [0x0A])
      }
      throw error
    }
  }

  private func text(_ interrupts: Interrupts) throws(Failure) -> [UInt8] {
    if let params { return Array(params.utf8) }
    guard StandardInput.isPiped else { return [] }
    return try StandardInput.read(daemon.inputLimit, interrupts: interrupts) { () throws(Failure) in
      try StandardStream(StandardStream.errorDescriptor).write(
        "halley: waiting for params on stdin; end with Ctrl-D, or give them as an argument\n")
    }
  }

  private static func params(from text: [UInt8]) throws(Failure) -> RawJSON {
    guard text.contains(where: { $0 > 0x20 }) else { return .emptyObject }
    do throws(JSONError) {
      return try RawJSON(parsing: text)
    } catch {
      throw .usage("the params are not JSON: \(error.message) at byte \(error.offset)")
    }
  }
}
