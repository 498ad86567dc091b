internal import EventLoop
internal import JSON
internal import Wire

extension ClientConnection {
  /// Answers a request with what its method made of it.
  func answer(_ id: RPCID, with reply: Reply) {
    switch reply {
    case .result(let json): answer(id, .success(json))
    case .work(let isInTurn, let body):
      perform(id, isInTurn: isInTurn) { [self] () throws(RPCError) in
        answer(id, with: try await body())
      }
    case .cursor(let cursor): subscribe(id, to: cursor)
    case .introduction(let caller, let json):
      self.caller = caller
      answer(id, .success(json))
    case .cancellation(let target):
      if let target { cancel(target) }
      answer(id, .success(.emptyObject))
    }
  }

  /// Takes a notification: of what else they ask, nobody would hear what came of it.
  func notified(_ notification: RPCRequest) {
    guard notification.method == Method.cancelRequest.name,
      let target = RPCID(cancelling: notification.params)
    else { return }
    cancel(target)
  }
}
