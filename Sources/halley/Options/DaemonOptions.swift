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

  /// Calls a method that answers with a list, page after page, until there are enough elements.
  func list(
    _ method: String, limit: Int, _ params: @escaping (inout JSONWriter) -> Void = { _ in }
  ) throws(Failure) -> [RawJSON] {
    let session = Session(try connect())
    var elements: [RawJSON] = []
    var last: String?
    while elements.count < limit {
      let page = try session.call(
        method,
        .object { members in
          params(&members)
          members.member("limit", min(limit - elements.count, 100))
          if let last { members.member("after", last) }
        })
      elements += page["data"]?.elements ?? []
      last = page["last_id"]?.string
      guard page["has_more"]?.boolean == true, last != nil else { break }
    }
    return elements
  }
}
