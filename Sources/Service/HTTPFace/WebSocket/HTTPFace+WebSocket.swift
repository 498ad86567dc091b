internal import Configuration
internal import EventLoop
internal import JSON
internal import Store
internal import WebSocket
internal import Wire

extension HTTPFace {
  /// A session that performs what comes on one connection.
  ///
  /// - Parameters:
  ///   - head: of the handshake, which holds for every create.
  ///   - access: who asks is found anew for each of them: a token may have been revoked.
  ///   - stream: the connection; nil once it is gone.
  func session(
    _ head: HTTPRequestHead, _ caller: Caller, _ access: HTTPAccess, _ limits: ClientLimits,
    stream: @escaping @EventLoop () -> ClientStream?
  ) throws(APIError) -> WebSocketSession {
    let session = WebSocketSession(
      client: caller.name, isFull: HTTPCall.isFull(head),
      maximumMessageBytes: limits.maximumLineBytes, limits: limits.json,
      perform: { [unowned self] create, turn throws(APIError) in
        let caller = try access.caller(of: head, self)
        do throws(RPCError) {
          return try perform(create, turn, head, caller)
        } catch {
          throw APIError(error)
        }
      }, wake: { stream()?.wake() }, hangUp: { stream()?.close() })
    guard let session else {
      throw APIError(RPCError(.internal, "there is no memory for a WebSocket"))
    }
    return session
  }

  private func perform(
    _ create: WebSocketRequest.Create, _ turn: ConnectionTurn, _ head: HTTPRequestHead,
    _ caller: Caller
  ) throws(RPCError) -> (cursor: any Cursor, params: RawJSON) {
    let params = try HTTPCall.completed(
      create.params, head, daemon.configuration.http, isOnly: false)
    let call = Call(
      params: params, caller: caller, asker: nil, connectionTurn: turn, fillsIn: true)
    guard case .cursor(let cursor) = try Method.responsesCreate.perform(daemon, call) else {
      throw RPCError(.internal, "a create is answered without a cursor")
    }
    return (cursor, params)
  }
}

extension HTTPResponseHead {
  /// The end of HTTP on a connection (RFC 6455, section 4.2.2).
  @EventLoop static func switching(_ head: HTTPRequestHead, _ accept: String) -> HTTPResponseHead {
    var answer = HTTPResponseHead(
      101, .length(0), answering: head, at: SystemClock.milliseconds() / 1000)
    answer.add("Upgrade", "websocket")
    answer.add("Sec-WebSocket-Accept", accept)
    answer.add("x-request-id", HTTPExchange.newID())
    return answer
  }
}

extension APIError {
  /// Runs a check of a handshake.
  static func refusing<Value>(
    _ check: () throws(WebSocketRefusal) -> Value
  ) throws(APIError) -> Value {
    do throws(WebSocketRefusal) {
      return try check()
    } catch {
      var refusal: APIError
      switch error {
      case .upgradeRequired: refusal = APIError(426, code: "upgrade_required", error.message)
      case .invalid:
        refusal = APIError(400, code: RPCError.Code.invalidRequest.rawValue, error.message)
      }
      for field in error.fields { refusal.headers.append((field.name.lowercased(), field.value)) }
      throw refusal
    }
  }
}
