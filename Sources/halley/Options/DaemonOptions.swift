import ArgumentParser
import Client
import JSON

/// Where the daemon is.
struct DaemonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The daemon's socket. Else $HALLEY_SOCKET, then the user's, then the system's.",
      valueName: "path"))
  var socket: String?

  func connect() throws(Failure) -> Connection {
    try Connection(to: SocketLocation(option: socket))
  }

  /// Calls a method and waits for its result.
  func call(_ method: String, _ params: RawJSON) throws(Failure) -> RawJSON {
    try Session(try connect()).call(method, params)
  }

  /// What may be read for one request.
  var inputLimit: InputLimit {
    InputLimit {
      do throws(Failure) {
        let line = try call("initialize", .emptyObject)["limits"]?["line"]?.integer
        return line.map { Int(clamping: $0) }
      } catch {
        return nil
      }
    }
  }

  /// Calls a method that answers with a list, until there are enough elements.
  func list(
    _ method: String, limit: Int, _ params: (inout JSONWriter) -> Void = { _ in }
  ) throws(Failure) -> [RawJSON] {
    try Session(try connect()).list(method, limit: limit, params)
  }
}
