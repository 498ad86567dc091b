internal import EventLoop
package import JSON

/// What the params of every hook hold: whose request it is about.
package struct HookContext: Sendable {
  /// Whatever tells one request from another; the same in all hooks of one request.
  package let requestID: RawJSON
  package let clientName: String
  /// Nil where it is not known.
  package let processID: Int32?
  package let userID: UInt32
  /// Nil where the request belongs to none.
  package let conversation: RawJSON?
  /// The terminal or project that the request names; nil where it names none.
  package let scope: String?

  package init(
    requestID: RawJSON, clientName: String, processID: Int32?, userID: UInt32,
    conversation: RawJSON? = nil, scope: String? = nil
  ) {
    self.requestID = requestID
    self.clientName = clientName
    self.processID = processID
    self.userID = userID
    self.conversation = conversation
    self.scope = scope
  }

  /// Builds the params of a hook, on one line.
  func params(_ members: (inout JSONWriter) -> Void) -> RawJSON {
    let params = RawJSON.object { params in
      params.member("request_id", requestID)
      params.key("client")
      params.object {
        $0.member("name", clientName)
        $0.member("pid", processID.map { .integer($0) } ?? .null)
        $0.member("uid", userID)
      }
      if let conversation { params.member("conversation", conversation) }
      if let scope { params.member("scope", scope) }
      members(&params)
    }
    return params.onOneLine
  }
}
