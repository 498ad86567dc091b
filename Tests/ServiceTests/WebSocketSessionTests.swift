import EventLoop
import JSON
import Service
import Testing
import TestSupport
import Wire

@Suite(.onLoop) struct WebSocketSessionTests {
  /// A response that a test tells what to say.
  private final class Response: Cursor {
    let topic = CursorTopic.response
    let identity: ResponseIdentity? = nil
    let summary: RawJSON? = nil
    private var steps: [CursorStep] = []
    private var onMore: (@EventLoop () -> Void)?
    private(set) var left: LeaveReason?

    func say(_ type: String) {
      steps.append(.event(RawJSON.object { $0.member("type", type) }.bytes))
      onMore?()
    }

    func end() {
      steps.append(.end(.response(.emptyObject, halley: .emptyObject)))
      onMore?()
    }

    func fail(_ error: RPCError) {
      steps.append(.end(.failure(error)))
      onMore?()
    }

    func next() -> CursorStep? { steps.first }
    func advance() { steps.removeFirst() }
    func attach(to client: String, _ onMore: @escaping @EventLoop () -> Void) {
      self.onMore = onMore
    }
    func detach() { onMore = nil }
    func leave(_ reason: LeaveReason) { left = reason }
  }

  /// A session with what it asks for and what it sends.
  @EventLoop private final class Place {
    private(set) var responses: [Response] = []
    private(set) var hasHungUp = false
    private(set) var session: WebSocketSession?

    init(_ times: WebSocketSession.Times = WebSocketSession.Times()) {
      session = WebSocketSession(
        client: "test", maximumMessageBytes: 10_000, limits: .strict, times: times,
        perform: { [unowned self] create, _ throws(APIError) in
          let response = Response()
          responses.append(response)
          return (response, create.params)
        }, wake: {}, hangUp: { [unowned self] in hasHungUp = true })
    }

    func receive(opcode: UInt8 = 1, _ payload: String = "") {
      let bytes = Array(payload.utf8)
      let length =
        bytes.count < 126
        ? [0x80 | UInt8(bytes.count)]
        : [0xFE, UInt8(bytes.count >> 8), UInt8(truncatingIfNeeded: bytes.count)]
      session?.receive(([0x80 | opcode] + length + [0, 0, 0, 0] + bytes).span)
    }

    func create(_ lane: String? = nil) {
      let member = lane.map { #","stream_id":"\#($0)""# } ?? ""
      receive(#"{"type":"response.create","model":"m","input":""\#(member)}"#)
    }

    /// Everything that is there to be sent, but for the events that are filled in: messages, and
    /// names for other frames.
    func sent() -> [String] { allSent().filter { !$0.contains("response.") } }

    private func allSent() -> [String] {
      var bytes: [UInt8] = []
      while let chunk = session?.nextOutput(), !chunk.isEmpty { bytes += chunk }
      var rest = bytes[...]
      var sent: [String] = []
      while let first = rest.popFirst(), let second = rest.popFirst() {
        var length = Int(second)
        if second == 126 { length = Int(rest.removeFirst()) << 8 | Int(rest.removeFirst()) }
        let payload = rest.prefix(length)
        rest = rest.dropFirst(length)
        switch first {
        case 0x81: sent.append(Self.summary(of: Array(payload)))
        case 0x88:
          sent.append("close \(Int(payload.first ?? 0) << 8 | Int(payload.dropFirst().first ?? 0))")
        case 0x89: sent.append("ping")
        default: sent.append("\(first)")
        }
      }
      return sent
    }

    private static func summary(of message: [UInt8]) -> String {
      guard let json = try? RawJSON(parsing: message) else { return "no JSON" }
      let words = [json["stream_id"], json["type"], json["error"]?["code"]].compactMap {
        $0?.string
      }
      return words.joined(separator: " ")
    }
  }

  @Test @EventLoop func `a create that waits begins when the one before it has ended`() {
    let place = Place()
    place.create()
    place.create()
    #expect(place.responses.count == 1)
    place.responses[0].say("x.one")
    #expect(place.sent() == ["x.one"])
    place.responses[0].end()
    #expect(place.sent() == [])
    #expect(place.responses.count == 2)
    place.responses[1].fail(RPCError(.busy, "no"))
    #expect(place.sent() == ["error busy"])
    #expect(place.session?.requests == 0)
  }

  @Test @EventLoop func `lanes take turns, and name themselves`() {
    let place = Place()
    for lane in ["a", "b"] { place.create(lane) }
    for response in place.responses {
      response.say("x.one")
      response.say("x.two")
      response.end()
    }
    #expect(place.sent() == ["a x.one", "b x.one", "a x.two", "b x.two"])
    #expect(place.session?.hasOutput == false)
  }

  @Test @EventLoop func `a client that leaves gives up what it asked for`() {
    let place = Place()
    for lane in ["a", "b"] { place.create(lane) }
    place.create("a")
    place.receive(opcode: 8)
    #expect(place.responses.map(\.left) == [.disconnected, .disconnected])
    #expect(place.sent().count == 1)
    #expect(place.session?.isOver == true)
  }

  @Test @EventLoop func `a session that drains ends what runs, and nothing that waits`() {
    let place = Place()
    place.create()
    place.create()
    place.session?.drain()
    place.create()
    #expect(place.sent() == ["error overloaded", "error overloaded"])
    place.responses[0].say("x.one")
    place.responses[0].end()
    #expect(place.sent() == ["x.one", "close 1001"])
    #expect(place.responses.count == 1)
    #expect(place.session?.isOver == true)
  }

  @Test @EventLoop func `a session that has lived long says so and closes`() async {
    var times = WebSocketSession.Times()
    times.ping = .milliseconds(5)
    times.lifetime = .milliseconds(10)
    let place = Place(times)
    place.create()
    var sent: [String] = []
    while !sent.contains("late error websocket_connection_limit_reached") {
      await EventLoop.sleep(for: .milliseconds(5))
      place.receive(opcode: 10)
      place.create("late")
      sent += place.sent()
    }
    #expect(!sent.contains { $0.hasPrefix("close") })
    for response in place.responses { response.end() }
    sent = place.sent().filter { $0 != "ping" }
    #expect(sent.suffix(2) == ["error websocket_connection_limit_reached", "close 1001"])
  }

  @Test @EventLoop func `a peer that gives no sign of life is hung up on`() async {
    var times = WebSocketSession.Times()
    times.ping = .milliseconds(5)
    let place = Place(times)
    var pings = 0
    while !place.hasHungUp {
      await EventLoop.sleep(for: .milliseconds(5))
      pings += place.sent().count { $0 == "ping" }
    }
    #expect(pings >= 3)
  }

  @Test @EventLoop func `nothing is read from a client that takes none of its refusals`() {
    let place = Place()
    for _ in 0..<70 { place.receive("{}") }
    #expect(place.session?.isPaused == true)
    #expect(place.sent().count == 70)
    #expect(place.session?.isPaused == false)
  }

  @Test @EventLoop func `creates that wait count as buffered until they begin`() {
    let place = Place()
    place.create()
    #expect(place.session?.bufferedBytes == 0)
    place.create()
    #expect(place.session?.bufferedBytes ?? 0 > 0)
    place.session?.shed(APIError(503, code: "overloaded", "too much"))
    #expect(place.session?.bufferedBytes == 0)
    place.responses[0].end()
    #expect(place.sent() == ["error overloaded", "error overloaded", "close 1013"])
  }
}
