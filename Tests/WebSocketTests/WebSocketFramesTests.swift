import Testing
import WebSocket

@Suite struct WebSocketFramesTests {
  private let frames: WebSocketFrames

  init() throws {
    frames = try #require(WebSocketFrames(maximumMessageBytes: 1000))
  }

  private func receive(_ sent: PeerFrame...) -> [String] {
    receive(sent.flatMap(\.bytes))
  }

  private func receive(_ bytes: [UInt8]) -> [String] {
    frames.receive(bytes.span).map { String(decoding: $0, as: UTF8.self) }
  }

  /// All that is written, with messages until there are none.
  private func written(_ messages: [[ArraySlice<UInt8>]] = [], limit: Int = 1 << 20) throws
    -> [PeerFrame]
  {
    var bytes: [UInt8] = []
    var left = messages[...]
    while true {
      var chunk: [UInt8] = []
      frames.fill(&chunk, limit: limit) { left.popFirst() }
      #expect(chunk.count <= limit + 10, "a header may stand behind the limit")
      if chunk.isEmpty { break }
      bytes += chunk
    }
    return try #require(PeerFrame.all(in: bytes))
  }

  private func message(_ text: String) -> [ArraySlice<UInt8>] { [Array(text.utf8)[...]] }

  // MARK: Reading

  @Test func `a message is handed out when it has come, in any pieces`() {
    let bytes = PeerFrame(.text, "größe").bytes
    for byte in bytes.dropLast() { #expect(receive([byte]) == []) }
    #expect(receive(Array(bytes.suffix(1))) == ["größe"])
    #expect(
      receive(PeerFrame(.text, "a"), PeerFrame(.text, ""), PeerFrame(.text, "b")) == ["a", "", "b"])
    #expect(frames.isReading)
    #expect(!frames.hasOutput)
  }

  @Test func `fragments are one message, with a ping between them`() throws {
    let sent: [PeerFrame] = [
      PeerFrame(.text, [0x67, 0x72, 0xC3], isFinal: false), PeerFrame(.ping, "now"),
      PeerFrame(.continuation, [], isFinal: false), PeerFrame(.continuation, [0xB6]),
    ]
    #expect(receive(sent.flatMap(\.bytes)) == ["grö"])
    #expect(frames.bufferedBytes == 0)
    let answer = try written()
    #expect(answer.map(\.text) == ["now"])
    #expect(answer.map(\.opcode) == [PeerFrame.Opcode.pong.rawValue])
  }

  @Test func `what came of a message counts as buffered, what is announced does not`() {
    var frame = PeerFrame(.text, "0123456789", isFinal: false)
    frame.announced = 900
    #expect(receive(frame) == [])
    #expect(frames.bufferedBytes == 10)
  }

  @Test func `pongs are counted`() {
    #expect(receive(PeerFrame(.pong), PeerFrame(.pong, "x")) == [])
    #expect(frames.pongs == 2)
  }

  /// What breaks the protocol, and the code that says so.
  private static let violations: [(PeerFrame, Int)] = {
    var unmasked = PeerFrame(.text, "a")
    unmasked.mask = nil
    var reserved: [PeerFrame] = []
    for bit: UInt8 in [1, 2, 4] {
      reserved.append(PeerFrame(.text, "a"))
      reserved[reserved.count - 1].reserved = bit
    }
    var unknown = PeerFrame(.text, "a")
    unknown.opcode = 3
    var unknownControl = PeerFrame(.ping)
    unknownControl.opcode = 11
    var long = PeerFrame(.ping, [UInt8](repeating: 0, count: 126))
    long.mask = [0, 0, 0, 0]
    var huge = PeerFrame(.text)
    huge.announced = 1 << 62
    var negative = PeerFrame(.text)
    negative.announced = 1 << 63
    var notMinimal = PeerFrame(.text)
    notMinimal.announced = 1 << 40
    return reserved.map { ($0, 1002) } + [
      (unmasked, 1002), (unknown, 1002), (unknownControl, 1002), (long, 1002),
      (PeerFrame(.ping, "a", isFinal: false), 1002), (PeerFrame(.continuation, "a"), 1002),
      (PeerFrame(.binary, "a"), 1003), (PeerFrame(.binary, "a", isFinal: false), 1003),
      (PeerFrame(.text, [0xFF]), 1007), (PeerFrame(.text, [0xC3]), 1007),
      (PeerFrame(.text, [0xED, 0xA0, 0x80]), 1007), (huge, 1009), (negative, 1002),
      (notMinimal, 1009), (PeerFrame(.text, [UInt8](repeating: 0x61, count: 1001)), 1009),
      (PeerFrame(.close, [3]), 1002), (.close(999), 1002), (.close(1005), 1002),
      (.close(1006), 1002), (.close(5000), 1002), (PeerFrame(.close, [3, 232, 0xFF]), 1007),
    ]
  }()

  @Test(arguments: violations.indices)
  func `what breaks the protocol closes with its code`(index: Int) throws {
    let (frame, code) = Self.violations[index]
    #expect(receive(frame, PeerFrame(.text, "too late")) == [])
    #expect(!frames.isReading)
    #expect(frames.bufferedBytes == 0)
    #expect(try written([message("unsent")]).map(\.code) == [code])
    #expect(frames.sentClose == WebSocketFrames.CloseCode(UInt16(code)))
    #expect(receive(PeerFrame(.text, "later still")) == [])
  }

  @Test func `a new message within another breaks the protocol`() throws {
    #expect(receive(PeerFrame(.text, "a", isFinal: false), PeerFrame(.text, "b")) == [])
    #expect(try written().map(\.code) == [1002])
  }

  @Test func `fragments together are held to the limit`() throws {
    let part = [UInt8](repeating: 0x61, count: 500)
    #expect(receive(PeerFrame(.text, part, isFinal: false)) == [])
    #expect(receive(PeerFrame(.continuation, part, isFinal: false)) == [])
    #expect(receive(PeerFrame(.continuation, "b")) == [])
    #expect(try written().map(\.code) == [1009])
  }

  @Test func `a message of exactly the limit comes through`() {
    let text = String(repeating: "a", count: 1000)
    #expect(receive(PeerFrame(.text, text)) == [text])
  }

  @Test func `messages before a violation count`() throws {
    #expect(receive(PeerFrame(.text, "a"), PeerFrame(.binary, "b")) == ["a"])
    #expect(try written().map(\.code) == [1003])
  }

  @Test func `a peer that lets pongs pile up is shut out`() throws {
    let pings = (0..<300).flatMap { _ in PeerFrame(.ping).bytes }
    #expect(receive(pings) == [])
    #expect(!frames.isReading)
    #expect(try written().last?.code == 1008)
  }

  // MARK: Writing

  @Test(arguments: [1, 125, 126, 65_535, 65_536, 200_000])
  func `each message is one frame, however small the room for it`(count: Int) throws {
    let text = String(repeating: "x", count: count)
    let pieces = [
      Array(text.utf8.prefix(count / 2))[...], [], Array(text.utf8.dropFirst(count / 2))[...],
    ]
    for limit in [1, 7, 4096, 1 << 20] where count / limit < 100_000 {
      let sent = try written([pieces, message("{}")], limit: limit)
      #expect(sent.map(\.payload.count) == [count, 2])
      #expect(sent.map(\.isFinal) == [true, true])
      #expect(sent.allSatisfy { $0.opcode == 1 && $0.reserved == 0 })
      #expect(sent[0].text == text)
    }
  }

  @Test func `nothing is asked for while there is no room`() {
    var chunk: [UInt8] = []
    frames.fill(&chunk, limit: 4) { message("0123456789") }
    #expect(frames.hasOutput)
    var asked = 0
    frames.fill(&chunk, limit: chunk.count) {
      asked += 1
      return nil
    }
    #expect(asked == 0)
  }

  @Test func `a pong waits for the end of the message that is under way`() throws {
    var bytes: [UInt8] = []
    frames.fill(&bytes, limit: 5) { message("0123456789") }
    #expect(receive(PeerFrame(.ping, "p")) == [])
    var left = [message("next")][...]
    frames.fill(&bytes, limit: 1000) { left.popFirst() }
    let sent = try #require(PeerFrame.all(in: bytes))
    #expect(sent.map(\.text) == ["0123456789", "p", "next"])
    #expect(sent.map(\.opcode) == [1, 10, 1])
  }

  @Test func `pings go between messages`() throws {
    frames.ping()
    let sent = try written([message("a")])
    #expect(sent.map(\.opcode) == [PeerFrame.Opcode.ping.rawValue, PeerFrame.Opcode.text.rawValue])
  }

  // MARK: Closing

  @Test func `a close of the peer is answered in its own words`() throws {
    #expect(
      receive(PeerFrame(.text, "last"), .close(1000, "done"), PeerFrame(.text, "x")) == ["last"])
    #expect(frames.hasReceivedClose)
    #expect(!frames.isReading)
    let sent = try written([message("unsent")])
    #expect(sent.map(\.code) == [1000])
    #expect(!frames.hasOutput)
  }

  @Test func `a close without a code is answered by one`() throws {
    #expect(receive(PeerFrame(.close)) == [])
    let sent = try written()
    #expect(sent.map(\.opcode) == [PeerFrame.Opcode.close.rawValue])
    #expect(sent.map(\.payload) == [[]])
  }

  @Test func `our close stands behind the message that is under way, and nothing behind it`() throws
  {
    var bytes: [UInt8] = []
    frames.fill(&bytes, limit: 5) { message("0123456789") }
    frames.close(.goingAway, "the daemon stops")
    frames.close(.normal)
    frames.ping()
    while frames.hasOutput {
      frames.fill(&bytes, limit: .max) {
        Issue.record("asked for a message behind a close frame")
        return nil
      }
    }
    let sent = try #require(PeerFrame.all(in: bytes))
    #expect(sent.map(\.opcode) == [1, 8])
    #expect(sent.last?.code == 1001)
    #expect(sent.last?.payload.dropFirst(2).elementsEqual("the daemon stops".utf8) == true)
    #expect(frames.isReading, "the peer's own close is still waited for")
    #expect(receive(PeerFrame(.text, "under way"), .close(1001)) == ["under way"])
    #expect(frames.hasReceivedClose)
    #expect(!frames.hasOutput)
  }

  @Test func `a long reason is cut`() throws {
    frames.close(.policyViolation, String(repeating: "no ", count: 100))
    let sent = try written()
    #expect(sent.map(\.code) == [1008])
    #expect(sent[0].payload.count <= 125)
  }
}
