import EventLoop
import Glibc
import JSON
import Service
import TestSupport
import Testing
import Wire

@Suite(.onLoop) struct OutputQueueTests {
  private static func frame(_ text: String, isAnswer: Bool = false) -> OutputFrame {
    OutputFrame([Array("\(text)\n".utf8)[...]], isAnswer: isAnswer)
  }

  /// What has some events and then, perhaps, an end.
  private final class Events: Cursor {
    let topic = CursorTopic.response
    private var events: [String]
    private let result: RawJSON?

    init(_ events: [String], result: RawJSON? = nil) {
      (self.events, self.result) = (events, result)
    }

    func next() -> CursorStep? {
      if let event = events.first { return .event(RawJSON.string(event).bytes) }
      return result.map { .end(.response($0, halley: .emptyObject)) }
    }

    func advance() { events.removeFirst() }
    func attach(to client: String, _ onMore: @escaping @EventLoop () -> Void) {}
    func detach() {}
    func leave(_ reason: LeaveReason) {}
  }

  @EventLoop private static func lines(
    _ id: String, _ events: [String], result: RawJSON? = nil
  ) throws -> CursorLines {
    CursorLines(
      Events(events, result: result), answering: try #require(RPCID(.string(id))))
  }

  /// The two ends of a connection.
  private final class Ends {
    let ours: Int32
    let theirs: Int32

    init() throws {
      var pair: [Int32] = [-1, -1]
      try #require(
        unsafe socketpair(
          AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair) == 0)
      (ours, theirs) = (pair[0], pair[1])
    }

    deinit {
      close(ours)
      close(theirs)
    }

    func received() throws -> String {
      var (text, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
      while case .bytes(let count) = try UnixSocket.read(theirs, into: &buffer) {
        text += buffer[..<count]
      }
      return String(decoding: text, as: UTF8.self)
    }
  }

  @Test @EventLoop func `answers go before events, and cursors take turns`() throws {
    let ends = try Ends()
    var queue = OutputQueue()
    // Of these one fits into what is sent at once, and a second is begun.
    let long = String(repeating: "x", count: 40_000)
    queue.add(try Self.lines("a", ["1\(long)", "2\(long)"], result: .emptyObject))
    queue.add(try Self.lines("b", ["1\(long)", "2\(long)", "3"]))
    queue.add(Self.frame("first", isAnswer: true))
    var ended = 0
    var received = ""
    while try queue.send(to: ends.ours, ended: { _ in ended += 1 }) != .drained {
      received += try ends.received()
    }
    received += try ends.received()
    let order = received.replacing(long, with: "").split(separator: "\n").map { line in
      guard let json = try? RawJSON(parsing: Array(line.utf8)), json.kind == .object else {
        return String(line)
      }
      let id = (json["params"]?["id"] ?? json["id"])?.string ?? ""
      return id + (json["params"]?["event"]?.string ?? " ends")
    }
    #expect(order == ["first", "a1", "a2", "b1", "b2", "a ends", "b3"])
    #expect(ended == 1 && queue.sources.count == 1 && !queue.isFinished)
    #expect(queue.removeAllSources().count == 1 && queue.isFinished)
  }

  @Test @EventLoop func `answers count until they are sent, bytes and all`() throws {
    let ends = try Ends()
    var queue = OutputQueue()
    for _ in 0..<3 { queue.add(Self.frame("x", isAnswer: true)) }
    #expect(queue.pendingAnswers == 3 && queue.answerBytes > 6)
    _ = try queue.send(to: ends.ours) { _ in }
    #expect(queue.pendingAnswers == 0 && queue.answerBytes == 0 && queue.isFinished)
  }

  @Test @EventLoop func `a reader that takes nothing blocks, and then gets every byte in order`()
    throws
  {
    let ends = try Ends()
    var queue = OutputQueue()
    let texts = (0..<8).map { String(repeating: "\($0)", count: 100_000) }
    for text in texts { queue.add(Self.frame(text, isAnswer: true)) }
    var received = ""
    var progress = OutputQueue.Progress.more
    while case .more = progress { progress = try queue.send(to: ends.ours) { _ in } }
    #expect(progress == .blocked && queue.answerBytes > 0)
    while !queue.isFinished {
      received += try ends.received()
      _ = try queue.send(to: ends.ours) { _ in }
    }
    received += try ends.received()
    #expect(received == texts.map { "\($0)\n" }.joined())
    #expect(queue.answerBytes == 0)
  }

  @Test @EventLoop func `a client that is gone is an error`() throws {
    var pair: [Int32] = [-1, -1]
    try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
    close(pair[1])
    defer { close(pair[0]) }
    var queue = OutputQueue()
    queue.add(Self.frame("x"))
    #expect(throws: LoopError.self) { _ = try queue.send(to: pair[0]) { _ in } }
  }

  @Test func `a frame moves piece by piece`() {
    var frame = OutputFrame([[1, 2, 3], [], [4, 5]])
    var bytes: [UInt8] = []
    for count in [2, 0, 2, 9] { frame.move(atMost: count, to: &bytes) }
    #expect(bytes == [1, 2, 3, 4, 5] && frame.isEmpty && frame.count == 0)
  }
}
