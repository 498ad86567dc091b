import Glibc
import JSON
import Testing
import Wire

/// Plays the daemon: a Unix socket on which a test reads requests and writes canned lines.
final class FakeDaemon {
  let path: String
  private let listener: Int32
  private var peer: Int32 = -1
  private var received: [UInt8] = []
  private var hasRequest = false
  /// Whether `daemon.ping`, which a client sends beside a request, is passed over too.
  var ignoresPings = false

  convenience init(in scratch: Scratch) {
    self.init(at: scratch.path + "/s")
  }

  init(at path: String) {
    self.path = path
    listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let status = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard status == 0, listen(listener, 16) == 0 else { fatalError("bind: errno \(errno)") }
  }

  deinit {
    hangUp()
    close(listener)
  }

  /// Waits for the next connection.
  func accept() {
    #expect(Deadline.isReadable(listener), "nobody connected")
    peer = Glibc.accept(listener, nil, nil)
    (received, hasRequest) = ([], false)
    _ = fcntl(peer, F_SETFD, FD_CLOEXEC)
  }

  /// Waits for the next line and reads it.
  func request(sourceLocation: SourceLocation = #_sourceLocation) throws -> RPCRequest {
    let line = try #require(self.line(), "no request came", sourceLocation: sourceLocation)
    guard case .request(let request) = try RPCMessage(line: line[...]) else {
      throw UnexpectedLine(text: String(decoding: line, as: UTF8.self))
    }
    return request
  }

  struct UnexpectedLine: Error {
    let text: String
  }

  /// The next line without its LF; nil at the end of the connection. A ping is answered meanwhile.
  func line() -> [UInt8]? {
    while let line = nextLine() {
      guard hasRequest, let ping = Self.ping(line) else {
        hasRequest = true
        return line
      }
      if !ignoresPings { send(result: "{}", of: ping) }
    }
    return nil
  }

  private static func ping(_ line: [UInt8]) -> RPCRequest? {
    do throws(RPCRefusal) {
      guard case .request(let request) = try RPCMessage(line: line[...]) else { return nil }
      return request.method == "daemon.ping" ? request : nil
    } catch {
      return nil
    }
  }

  private func nextLine() -> [UInt8]? {
    while true {
      if let end = received.firstIndex(of: 0x0A) {
        defer { received.removeFirst(end + 1) }
        return Array(received[..<end])
      }
      guard Deadline.isReadable(peer) else { return nil }
      var chunk = [UInt8](repeating: 0, count: 65_536)
      let count = unsafe recv(peer, &chunk, chunk.count, 0)
      guard count > 0 else { return nil }
      received += chunk[..<count]
    }
  }

  /// Whether the client closes its end without a further line.
  func isLeft() -> Bool { line() == nil }

  /// Waits for the ping that comes beside a request, and answers it.
  func answersPing() -> Bool {
    guard let ping = nextLine().flatMap(Self.ping) else { return false }
    send(result: "{}", of: ping)
    return true
  }

  func send(_ line: String, ending: String = "\n") {
    let bytes = Array((line + ending).utf8)
    var offset = 0
    while offset < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.send(
          peer, $0.baseAddress?.advanced(by: offset), bytes.count - offset, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      offset += count
    }
  }

  func send(event: String, of request: RPCRequest) {
    let id = request.id?.json.text ?? "null"
    send(
      #"{"jsonrpc":"2.0","method":"responses.event","params":{"id":\#(id),"event":\#(event)}}"#)
  }

  /// Sends a piece of the answer's text.
  func send(delta: String, index: Int = 0, of request: RPCRequest) {
    let text = RawJSON.string(delta).text
    send(
      event: #"{"type":"response.output_text.delta","output_index":\#(index),"delta":\#(text)}"#,
      of: request)
  }

  func send(result: String, of request: RPCRequest) {
    send(#"{"jsonrpc":"2.0","id":\#(request.id?.json.text ?? "null"),"result":\#(result)}"#)
  }

  func send(error: String, of request: RPCRequest) {
    send(#"{"jsonrpc":"2.0","id":\#(request.id?.json.text ?? "null"),"error":\#(error)}"#)
  }

  /// Ends a request with a whole response.
  func send(answer text: String, status: String = "completed", of request: RPCRequest) {
    send(result: Self.response(text, status: status), of: request)
  }

  static func response(_ text: String, status: String = "completed") -> String {
    let text = RawJSON.string(text).text
    return #"{"id":"resp_1","object":"response","status":"\#(status)","model":"m","output":"#
      + #"[{"type":"message","role":"assistant","content":[{"type":"output_text","text":\#(text)}]}]}"#
  }

  func hangUp() {
    if peer >= 0 { close(peer) }
    peer = -1
  }
}

/// Bounds every wait, so that a test that fails ends.
enum Deadline {
  static let milliseconds: Int32 = 20_000

  static func isReadable(_ descriptor: Int32, within milliseconds: Int32 = milliseconds) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    var status: Int32
    repeat { status = unsafe poll(&entry, 1, milliseconds) } while status < 0 && errno == EINTR
    return status > 0
  }
}
