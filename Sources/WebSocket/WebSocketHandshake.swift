package import Wire

/// Why a request does not become a WebSocket.
package enum WebSocketRefusal: Error, Equatable {
  /// The answer is 426, and names the protocol and its version (RFC 6455, section 4.4).
  case upgradeRequired(String)
  /// The answer is 400.
  case invalid(String)

  /// For people.
  package var message: String {
    switch self {
    case .upgradeRequired(let message), .invalid(let message): message
    }
  }

  /// What the answer's head says beside the reason.
  package var fields: [(name: String, value: String)] {
    switch self {
    case .upgradeRequired:
      [("Upgrade", "websocket"), ("Sec-WebSocket-Version", WebSocketHandshake.version)]
    case .invalid: []
    }
  }
}

/// The opening handshake (RFC 6455, section 4.2).
///
/// No extension and no subprotocol is agreed on, whatever the client offers: compression beside
/// secrets tells their length, and who asks is said in `Authorization` alone.
package enum WebSocketHandshake {
  package static let version = "13"
  private static let keyBytes = 16
  /// Section 1.3.
  private static let identifier = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

  /// Checks a request, and returns the value of `Sec-WebSocket-Accept` for the answer 101.
  package static func accept(
    _ head: HTTPRequestHead
  ) throws(WebSocketRefusal) -> String {
    guard head.upgrade.contains("websocket") else {
      throw .upgradeRequired(
        "GET is for WebSockets here: expected Upgrade: websocket and Connection: Upgrade")
    }
    guard head.method == "GET", !head.hasBody else {
      throw .invalid("a WebSocket begins with a GET without a body")
    }
    guard let found = head["sec-websocket-version"], found == version else {
      throw .upgradeRequired(
        "found \(quoted(head["sec-websocket-version"])) in Sec-WebSocket-Version, expected 13")
    }
    guard let key = head["sec-websocket-key"], Base64.decodedCount(key) == keyBytes else {
      throw .invalid(
        "found \(quoted(head["sec-websocket-key"])) in Sec-WebSocket-Key, expected 16 bytes as "
          + "base64")
    }
    return Base64.encode(SHA1.digest(Array((key + identifier).utf8)))
  }

  private static func quoted(_ value: String?) -> String {
    guard let value else { return "nothing" }
    let visible = value.unicodeScalars.prefix(40).map { $0.isASCII && $0.value >= 0x20 ? $0 : "?" }
    return "\"\(String(String.UnicodeScalarView(visible)))\""
  }
}
