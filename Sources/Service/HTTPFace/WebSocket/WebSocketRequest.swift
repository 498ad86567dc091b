package import JSON
package import Wire

/// What a message of a client asks for.
package enum WebSocketRequest {
  case create(Create)
  /// Input for a response that runs, of which nothing comes here.
  case steer(RawJSON)

  package struct Create {
    /// The lane, where one is named.
    package let streamID: String?
    /// Those of `responses.create`.
    package let params: RawJSON
    /// Whether the model is asked.
    package let generates: Bool

    package var previousResponseID: String? { params.nonNull("previous_response_id")?.string }
    package var isStored: Bool { params.nonNull("store")?.boolean ?? true }
  }

  /// The members that mean something to the connection alone. `client_metadata` is what a client
  /// that shares a handshake among requests tells of each.
  private static let envelope = [
    "type", "stream_id", "generate", "background", "client_metadata",
  ]

  package init(_ message: [UInt8], limits: JSONLimits) throws(WebSocketError) {
    let json: RawJSON
    do throws(RPCError) {
      json = try RawJSON(object: message, named: "message", limits: limits)
    } catch {
      throw WebSocketError(APIError(error))
    }
    switch json["type"]?.string {
    case "response.create": self = .create(try Create(json))
    case "response.steer": self = .steer(json)
    default:
      let found = json["type"]?.excerpt ?? "nothing"
      throw WebSocketError(
        .invalid("type", "type is \(found), \"response.create\" was expected"),
        streamID: try? Self.streamID(of: json))
    }
  }

  /// The lane that a message names.
  fileprivate static func streamID(of json: RawJSON) throws(WebSocketError) -> String? {
    guard let member = json["stream_id"], member.kind != .null else { return nil }
    guard let name = member.string, 1...256 ~= name.utf8.count,
      name.utf8.allSatisfy(\.isOfStreamID)
    else {
      throw WebSocketError(
        APIError(
          400, code: "invalid_stream_id",
          "stream_id is \(member.excerpt), 1 to 256 letters, digits, \"_\", \"-\" and \".\" were "
            + "expected", param: "stream_id"))
    }
    return name
  }

  fileprivate static func params(_ json: RawJSON) -> RawJSON {
    var params = json
    for name in envelope where json[name] != nil { params = params.removing(name) }
    return params.setting("stream", to: .boolean(true))
  }
}

extension WebSocketRequest.Create {
  fileprivate init(_ json: RawJSON) throws(WebSocketError) {
    let streamID = try WebSocketRequest.streamID(of: json)
    self.streamID = streamID
    let generate = json.nonNull("generate") ?? .boolean(true)
    guard let generates = generate.boolean else {
      throw WebSocketError(
        .invalid("generate", "generate is \(generate.excerpt), true or false was expected"),
        streamID: streamID)
    }
    guard json.nonNull("background")?.boolean ?? false == false else {
      throw WebSocketError(
        .invalid(
          "background", "background is true: what runs in the background is asked for over HTTP"),
        streamID: streamID)
    }
    self.generates = generates
    params = WebSocketRequest.params(json)
  }
}

extension UInt8 {
  fileprivate var isOfStreamID: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }
}

/// An error as a client of a WebSocket sees it.
package struct WebSocketError: Error {
  package let error: APIError
  /// The lane that it is about.
  package let streamID: String?

  package init(_ error: APIError, streamID: String? = nil) {
    self.error = error
    self.streamID = streamID
  }

  /// The message; its members are what HTTP would answer.
  package var json: RawJSON {
    var told = error.body["error"] ?? .emptyObject
    if !error.headers.isEmpty {
      told = told.setting(
        "headers",
        to: .object { headers in
          for field in error.headers { headers.member(field.name, field.value) }
        })
    }
    return .object { message in
      message.member("type", "error")
      message.member("status", error.status)
      message.member("error", told)
      if let streamID { message.member("stream_id", streamID) }
    }
  }
}

extension APIError {
  package static func invalid(_ param: String, _ message: String) -> APIError {
    APIError(RPCError(.invalidParams, message, details: [("param", .string(param))]))
  }
}
