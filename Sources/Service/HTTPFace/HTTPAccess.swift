internal import EventLoop
internal import JSON
internal import Wire

/// Who may use a connection, and as whom.
@EventLoop
struct HTTPAccess {
  /// Where a connection came in.
  enum Place {
    /// A Unix socket, where the kernel says who asks.
    case socket
    /// An address of the loopback interface, with its port as a URL has it.
    case loopback(authorities: Set<String>)
  }

  private let place: Place
  /// Who has connected, where the kernel says so.
  private let user: Caller?

  init(_ place: Place, _ descriptor: Int32) throws(LoopError) {
    self.place = place
    switch place {
    case .socket: user = Caller(try UnixSocket.peer(of: descriptor))
    case .loopback: user = nil
    }
  }

  /// What a request leads to, if whoever sends it may send requests at all.
  func route(of head: HTTPRequestHead) throws(APIError) -> APIRoute {
    let route = try APIRoute.find(head)
    try checkContent(of: head)
    return route
  }

  /// Who asks, by a head alone.
  func caller(of head: HTTPRequestHead, _ daemon: Daemon) throws(APIError) -> Caller {
    if let user { return user }
    throw APIError(401, code: "invalid_api_key", "a token is expected as Authorization: Bearer")
  }

  /// What a page of another site can send without being asked is no JSON (Fetch standard,
  /// section 3.2).
  private func checkContent(of head: HTTPRequestHead) throws(APIError) {
    guard head.method == "POST", head.hasBody else { return }
    let type = head["content-type"] ?? ""
    let name = type.prefix { $0 != ";" }.lowercased()
    guard name.filter({ $0 != " " }) == "application/json" else {
      throw APIError(
        415, code: "unsupported_media_type",
        "found \(type.isEmpty ? "no content type" : RawJSON.string(type).excerpt), expected application/json"
      )
    }
  }
}
