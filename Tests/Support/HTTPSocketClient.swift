package import JSON

/// The head of an answer of HTTP.
package struct HTTPReplyHead {
  package let status: Int
  /// Names in lower case.
  package let fields: [String: String]

  package subscript(name: String) -> String? { fields[name] }
  package var isChunked: Bool { fields["transfer-encoding"] == "chunked" }
  package var isLast: Bool { fields["connection"] == "close" }
}

/// An answer of HTTP with its body.
package struct HTTPReply {
  package let head: HTTPReplyHead
  package let body: [UInt8]

  package var status: Int { head.status }
  package var text: String { String(decoding: body, as: UTF8.self) }
  package func json() throws -> RawJSON { try RawJSON(parsing: body[...], limits: .relayed) }
}

/// A server-sent event.
package struct StreamedEvent {
  package let name: String
  package let data: RawJSON

  package var type: String? { data["type"]?.string }
}

/// A client of the daemon's HTTP socket that sends any bytes and reads answer by answer.
package final class HTTPSocketClient {
  package let socket: SocketClient

  package init(_ daemon: DaemonProcess) throws {
    socket = try SocketClient(daemon.httpSocketPath, of: daemon)
  }

  package init(path: String) throws {
    socket = try SocketClient(path)
  }

  // MARK: Asking

  package func send(_ text: String) throws { try socket.send(Array(text.utf8)) }

  /// - Parameter fields: lines of the head.
  package func request(
    _ verb: String, _ path: String, _ fields: [String] = [], body: String? = nil
  ) throws {
    var head = ["\(verb) \(path) HTTP/1.1", "Host: localhost"] + fields
    if let body {
      head += ["Content-Type: application/json", "Content-Length: \(body.utf8.count)"]
    }
    try send(head.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
  }

  package func ask(
    _ verb: String, _ path: String, _ fields: [String] = [], body: String? = nil
  ) throws -> HTTPReply {
    try request(verb, path, fields, body: body)
    return try answer(hasBody: verb != "HEAD")
  }

  // MARK: Reading

  /// The next head; nil at the end of the connection.
  package func head() throws -> HTTPReplyHead? {
    guard let line = try line() else { return nil }
    let words = line.split(separator: " ", maxSplits: 2)
    guard words.count == 3, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
      throw SupportError("no status line: \(line)")
    }
    var fields: [String: String] = [:]
    while let line = try self.line(), !line.isEmpty {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { throw SupportError("no field: \(line)") }
      fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
    }
    return HTTPReplyHead(status: status, fields: fields)
  }

  private func line() throws -> String? {
    guard let line = try socket.readLine() else { return nil }
    guard line.last == UInt8(ascii: "\r") else { throw SupportError("a line ends in LF alone") }
    return String(decoding: line.dropLast(), as: UTF8.self)
  }

  /// The next chunk of a body; nil for the last one.
  package func chunk() throws -> [UInt8]? {
    guard let size = Int(try line() ?? "", radix: 16) else { throw SupportError("no chunk") }
    let bytes = try socket.read(size)
    guard try line() == "", bytes.count == size else { throw SupportError("half a chunk") }
    return size == 0 ? nil : bytes
  }

  package func answer(hasBody: Bool = true) throws -> HTTPReply {
    guard let head = try head() else { throw SupportError("the connection ended") }
    guard hasBody else { return HTTPReply(head: head, body: []) }
    var body: [UInt8] = []
    if head.isChunked {
      while let chunk = try chunk() { body += chunk }
    } else if let length = head["content-length"].flatMap({ Int($0) }) {
      body = try socket.read(length)
    }
    return HTTPReply(head: head, body: body)
  }

  /// The next frame of a stream, which is an event or a comment; nil at its end.
  package func frame() throws -> String? {
    try chunk().map { String(decoding: $0, as: UTF8.self) }
  }

  /// The events up to the end of a stream.
  package func events() throws -> [StreamedEvent] {
    var text = ""
    while let frame = try frame() { text += frame }
    return try text.events()
  }

  package func isClosedByDaemon() throws -> Bool { try socket.readLine() == nil }
}

extension String {
  /// The events that a text spells, each ended by an empty line.
  package func events() throws -> [StreamedEvent] {
    let frames = split(separator: "\n\n", omittingEmptySubsequences: false)
    guard frames.last == "" else { throw SupportError("half an event: \(self)") }
    return try frames.dropLast().filter { !$0.hasPrefix(":") }.map { frame in
      let lines = frame.split(separator: "\n")
      guard lines.count == 2, lines[0].hasPrefix("event: "), lines[1].hasPrefix("data: ") else {
        throw SupportError("no event: \(frame)")
      }
      return StreamedEvent(
        name: String(lines[0].dropFirst(7)),
        data: try RawJSON(parsing: Array(lines[1].dropFirst(6).utf8)[...], limits: .relayed))
    }
  }
}
