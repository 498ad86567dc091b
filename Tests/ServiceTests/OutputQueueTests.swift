import EventLoop
import Glibc
import JSON
import Service
import Testing
import TestSupport
import Wire

@Suite(.onLoop) struct OutputQueueTests {
  private static func frame(_ text: String, isAnswer: Bool = false) -> OutputFrame {
    OutputFrame([Array("\(text)\n".utf8)[...]], isAnswer: isAnswer)
  }

  /// What has some events and then, perhaps, an end.
  private final class Events: Cursor {
    let topic = CursorTopic.response
    let identity: ResponseIdentity? = nil
    let summary: RawJSON? = nil
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

  /// Everything that a queue has now.
  @EventLoop private static func taken(
    _ queue: inout OutputQueue, ended: (CursorLines) -> Void = { _ in }
  ) -> String {
    var bytes: [UInt8] = []
    while case let chunk = queue.nextChunk(ended), !chunk.isEmpty { bytes += chunk }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test @EventLoop func `answers go before events, and cursors take turns`() throws {
    var queue = OutputQueue()
    // Of these one fits into what is sent at once, and a second is begun.
    let long = String(repeating: "x", count: 40_000)
    queue.add(try Self.lines("a", ["1\(long)", "2\(long)"], result: .emptyObject))
    queue.add(try Self.lines("b", ["1\(long)", "2\(long)", "3"]))
    queue.add(Self.frame("first", isAnswer: true))
    var ended = 0
    let received = Self.taken(&queue) { _ in ended += 1 }
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

  @Test @EventLoop func `answers count until they are taken, bytes and all`() {
    var queue = OutputQueue()
    for _ in 0..<3 { queue.add(Self.frame("x", isAnswer: true)) }
    #expect(queue.pendingAnswers == 3 && queue.answerBytes > 6)
    #expect(Self.taken(&queue) == "x\nx\nx\n")
    #expect(queue.pendingAnswers == 0 && queue.answerBytes == 0 && queue.isFinished)
  }

  @Test func `a frame moves piece by piece`() {
    var frame = OutputFrame([[1, 2, 3], [], [4, 5]])
    var bytes: [UInt8] = []
    for count in [2, 0, 2, 9] { frame.move(atMost: count, to: &bytes) }
    #expect(bytes == [1, 2, 3, 4, 5] && frame.isEmpty && frame.count == 0)
  }
}
