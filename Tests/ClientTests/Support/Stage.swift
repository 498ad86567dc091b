import JSON
import Testing
import Wire

/// A daemon that a test plays, and runs of `halley` against it.
struct Stage {
  let scratch = Scratch()
  let daemon: FakeDaemon

  init() {
    daemon = FakeDaemon(in: scratch)
  }

  func start(
    _ arguments: String..., input: HalleyRun.Input = .nothing, environment: [String: String] = [:]
  ) throws -> HalleyRun {
    try HalleyRun(arguments, input, socket: daemon.path, environment: environment)
  }

  /// Takes the connection and its first request.
  func accept() throws -> RPCRequest {
    daemon.accept()
    return try daemon.request()
  }

  /// Runs to the end against one answer; returns the request's params and the end.
  func ask(
    _ arguments: String..., input: HalleyRun.Input = .nothing, answer: String = "ok",
    environment: [String: String] = [:]
  ) throws -> (params: RawJSON, end: HalleyRun.End) {
    let run = try HalleyRun(arguments, input, socket: daemon.path, environment: environment)
    let request = try accept()
    daemon.send(answer: answer, of: request)
    return (request.params, run.end())
  }
}
