package import JSON

/// The id of a JSON-RPC request, kept as the sender wrote it.
package struct RPCID: Hashable, Sendable {
  package static let maximumStringBytes = 128

  /// The id as JSON.
  package let json: RawJSON

  /// Takes a string of at most 128 bytes or an integer that fits 64 bits.
  package init?(_ json: RawJSON) {
    switch json.kind {
    case .string:
      guard let text = json.string, text.utf8.count <= Self.maximumStringBytes else { return nil }
    case .number:
      guard json.integer != nil else { return nil }
    default:
      return nil
    }
    self.json = json
  }
}

/// One line that a peer sent: a request, a notification, or the answer to a request of ours.
package enum RPCMessage: Sendable {
  case request(RPCRequest)
  case response(id: RPCID, result: Result<RawJSON, RPCPeerError>)
}

/// An error object that a peer answered with.
package struct RPCPeerError: Error, Sendable {
  package let json: RawJSON
}

/// A request, or a notification when it has no id.
package struct RPCRequest: Sendable {
  package let id: RPCID?
  package let method: String
  /// An object; empty where the sender left `params` out.
  package let params: RawJSON
}

/// Why a line is no message, with the id that the refusal is addressed to where one could be read.
package struct RPCRefusal: Error, Sendable {
  package let id: RPCID?
  package let error: RPCError
  /// What the line says of one that its sender could not read, or could not tell the id of.
  package let complaint: RPCPeerError?

  package init(id: RPCID?, error: RPCError, complaint: RPCPeerError? = nil) {
    self.id = id
    self.error = error
    self.complaint = complaint
  }
}

extension RPCMessage {
  /// Reads one line strictly (JSON-RPC 2.0, sections 4 and 5; `jsonrpc` may be missing).
  package init(line: ArraySlice<UInt8>, limits: JSONLimits = .strict) throws(RPCRefusal) {
    let message: RawJSON
    do throws(JSONError) {
      message = try RawJSON(parsing: line, limits: limits)
    } catch {
      throw RPCRefusal(id: nil, error: RPCError(error))
    }
    guard message.kind == .object else { throw Self.refusal(ofNonObject: message) }
    do throws(RPCRefusal) {
      try self.init(message)
    } catch {
      throw RPCRefusal(id: error.id, error: error.error, complaint: Self.complaint(message))
    }
  }

  /// An answer of whoever can't tell what it answers has no id (JSON-RPC 2.0, section 5).
  private static func complaint(_ message: RawJSON) -> RPCPeerError? {
    let codes = [RPCError.Code.parseError, .invalidRequest].map { Int64($0.number) }
    guard message.nonNull("id") == nil, message["method"] == nil, let error = message["error"],
      let code = error["code"]?.integer, codes.contains(code)
    else {
      return nil
    }
    return RPCPeerError(json: error)
  }

  private static let names = MemberNames(
    "id", "jsonrpc", "method", "params", "result", "error")

  /// What a message has of the members that mean anything.
  private struct Members {
    var id: RawJSON?
    var version: RawJSON?
    var method: RawJSON?
    var params: RawJSON?
    var result: RawJSON?
    var error: RawJSON?

    init(_ message: RawJSON) {
      message.forEach(RPCMessage.names) { name, value in
        switch name {
        case 0: id = value
        case 1: version = value
        case 2: method = value
        case 3: params = value
        case 4: result = value
        default: error = value
        }
      }
    }
  }

  private init(_ message: RawJSON) throws(RPCRefusal) {
    let members = Members(message)
    let id = try Self.id(members.id)
    func refuse(_ text: String) -> RPCRefusal {
      RPCRefusal(id: id, error: RPCError(.invalidRequest, text))
    }
    if let version = members.version, version.string != "2.0" {
      throw refuse("\"jsonrpc\" is \(version.excerpt), \"2.0\" was expected")
    }
    if members.method == nil, let id {
      self = try Self.response(id, members, refuse)
      return
    }
    guard let method = members.method?.string else {
      throw refuse(
        members.method.map { "\"method\" is \($0.excerpt), a string was expected" }
          ?? "\"method\" is missing")
    }
    let params = members.params ?? .emptyObject
    guard params.kind == .object else {
      throw refuse("\"params\" is \(params.excerpt), an object was expected")
    }
    self = .request(RPCRequest(id: id, method: method, params: params))
  }

  private static func id(_ json: RawJSON?) throws(RPCRefusal) -> RPCID? {
    guard let json else { return nil }
    guard let id = RPCID(json) else {
      throw RPCRefusal(
        id: nil,
        error: RPCError(
          .invalidRequest,
          "\"id\" is \(json.excerpt), a string of at most \(RPCID.maximumStringBytes) bytes or a "
            + "64-bit integer was expected"))
    }
    return id
  }

  private static func response(
    _ id: RPCID, _ members: Members, _ refuse: (String) -> RPCRefusal
  ) throws(RPCRefusal) -> RPCMessage {
    // JSON-RPC 1.0 has both, one of them null.
    switch (members.result, members.error) {
    case (let result?, let error?) where error.isNull:
      return .response(id: id, result: .success(result))
    case (let result?, let error?) where result.isNull:
      return .response(id: id, result: .failure(RPCPeerError(json: error)))
    case (let result?, nil): return .response(id: id, result: .success(result))
    case (nil, let error?): return .response(id: id, result: .failure(RPCPeerError(json: error)))
    default: throw refuse("\"method\" is missing")
    }
  }

  private static func refusal(ofNonObject json: RawJSON) -> RPCRefusal {
    let found =
      json.kind == .array ? "a batch, which is not supported" : "\(json.excerpt)"
    return RPCRefusal(
      id: nil, error: RPCError(.invalidRequest, "\(found); one JSON object a line was expected"))
  }
}

extension RawJSON {
  /// The value as it is spelled, cut to a length that fits a message.
  package var excerpt: String {
    let longest = 60
    guard bytes.count > longest else { return text }
    return String(decoding: bytes.prefix(longest), as: UTF8.self) + "…"
  }
}
