internal import Glibc
package import JSON

/// A client of the Unix socket that sends any bytes and reads line by line.
package final class SocketClient {
  /// The most that a test asks an answer to be; more than the daemon's own limits.
  private static let limits = JSONLimits(
    maximumDepth: 128, maximumNodes: .max, maximumKeyBytes: .max, maximumNumberBytes: 1 << 20,
    allowsDuplicateKeys: true, allowsLoneSurrogates: true)

  private var descriptor: Int32
  private var received: [UInt8] = []
  /// Where the first line that was not read begins.
  private var start = 0
  /// Bytes up to here hold no LF behind `start`.
  private var searched = 0
  /// Events by the id of their request, until its answer is taken.
  private var events: [RawJSON: [RawJSON]] = [:]
  /// Answers that came while something else was waited for, by their ids.
  private var answers: [RawJSON: [RawJSON]] = [:]

  /// A daemon lives as long as what talks to it.
  private let daemon: AnyObject?

  package init(_ path: String, of daemon: AnyObject? = nil) throws {
    self.daemon = daemon
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw SupportError("socket: errno \(errno)") }
    var status: Int32
    repeat { status = Self.connect(descriptor, path) } while status != 0 && errno == EAGAIN
    guard status == 0 else {
      let number = errno
      close()
      throw SupportError("connect \(path): errno \(number)")
    }
  }

  deinit { close() }

  private static func connect(_ descriptor: Int32, _ path: String) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    return unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  // MARK: Sending

  /// Sends bytes as they are.
  package func send(_ bytes: some Collection<UInt8>) throws {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      guard Wait.isWritable(descriptor) else { throw SupportError("the daemon reads nothing") }
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(
          descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      }
      if count < 0, errno == EAGAIN || errno == EINTR { continue }
      guard count > 0 else { throw SupportError("send: errno \(errno)") }
      rest = rest.dropFirst(count)
    }
  }

  /// Sends one line, LF behind it.
  package func send(_ line: String) throws {
    try send(Array(line.utf8) + [UInt8(ascii: "\n")])
  }

  package func request(_ id: Int, _ method: String, _ params: String = "{}") throws {
    try send(#"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#)
  }

  /// Shuts down the writing side; answers still come.
  package func finishSending() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  package func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  // MARK: Reading

  /// Bytes that came and were not read as a line yet.
  package var bufferedBytes: Int { received.count - start }

  /// The next line without its LF; nil at the end of the connection.
  package func readLine(limit: Duration = Wait.limit) throws -> [UInt8]? {
    while true {
      if let end = received[max(start, searched)...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { (start, searched) = (end + 1, end + 1) }
        return Array(received[start..<end])
      }
      searched = received.count
      if start > 1 << 20 {
        received.removeFirst(start)
        (start, searched) = (0, received.count)
      }
      guard try receive(limit: limit) else {
        guard bufferedBytes == 0 else { throw SupportError("the connection ends within a line") }
        return nil
      }
    }
  }

  /// As many bytes as are asked for, or what there is before the connection's end.
  package func read(_ count: Int) throws -> [UInt8] {
    while bufferedBytes < count, try receive() {}
    let bytes = Array(received[start...].prefix(count))
    start += bytes.count
    searched = max(searched, start)
    return bytes
  }

  /// What tells a daemon that hangs from one that has nothing to say.
  private var whatItDoes: String {
    guard let daemon = daemon as? DaemonProcess else { return "" }
    return "; its threads: \(daemon.figures.whereabouts); it wrote: \(daemon.log)"
  }

  /// Takes what comes next; false at the end of the connection.
  package func receive(limit: Duration = Wait.limit) throws -> Bool {
    guard Wait.isReadable(descriptor, limit: limit) else {
      throw SupportError("the daemon sent nothing for \(limit)\(whatItDoes)")
    }
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
    if count < 0, errno != ECONNRESET { throw SupportError("recv: errno \(errno)") }
    guard count > 0 else { return false }
    received += chunk[..<count]
    return true
  }

  /// The next message; nil at the end of the connection.
  package func message(limit: Duration = Wait.limit) throws -> RawJSON? {
    guard let line = try readLine(limit: limit) else { return nil }
    return try RawJSON(parsing: line[...], limits: Self.limits)
  }

  /// Waits for the answer to a request and the events before it; what belongs to other requests
  /// is kept for them.
  package func answer(_ id: Int) throws -> Answer {
    let id = RawJSON.integer(id)
    let end = ContinuousClock.now + Wait.limit
    while true {
      if let first = answers[id]?.first {
        answers[id]?.removeFirst()
        return Answer(events: events.removeValue(forKey: id) ?? [], message: first)
      }
      try takeMessage(end, "the answer to request \(id.text)")
    }
  }

  /// Waits for an event of a request; the events stay for `answer`.
  package func event(_ id: Int, where holds: (RawJSON) -> Bool) throws -> RawJSON {
    let id = RawJSON.integer(id)
    let end = ContinuousClock.now + Wait.limit
    var seen = 0
    while true {
      let known = events[id] ?? []
      if let event = known[seen...].first(where: holds) { return event }
      seen = known.count
      if let answer = answers[id]?.first { throw SupportError("answered: \(answer.text)") }
      try takeMessage(end, "an event of request \(id.text)")
    }
  }

  /// Sends a request and waits for its answer.
  package func call(_ id: Int, _ method: String, _ params: String = "{}") throws -> Answer {
    try request(id, method, params)
    return try answer(id)
  }

  /// Expects the daemon to close the connection without another message.
  package func isClosedByDaemon() throws -> Bool { try message() == nil }

  private func takeMessage(_ end: ContinuousClock.Instant, _ what: String) throws {
    guard ContinuousClock.now < end else { throw SupportError("waited in vain: \(what)") }
    guard let message = try message() else {
      throw SupportError("the connection ended before \(what)")
    }
    if message["method"] == nil {
      answers[message["id"] ?? .null, default: []].append(message)
    } else if let params = message["params"], let id = params["id"], let event = params["event"] {
      events[id, default: []].append(event)
    }
  }
}
