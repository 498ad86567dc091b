import JSON
import Store
import Testing

/// What is stored in fewer bytes comes out as it was.
@Suite struct PackingTests {
  private static let syllables = [
    "ba", "ter", "in", "con", "de", "la", "mo", "re", "ti", "on", "per", "es", "ma", "ci", "al",
    "ver",
  ]

  private static let words = (0..<2000).map { number in
    var (word, rest) = ("", number)
    repeat {
      word += syllables[rest % 16]
      rest /= 16
    } while rest > 0
    return word
  }

  /// Some kilobytes that no two turns have in common.
  private static func text(_ seed: Int, bytes: Int = 4000) -> String {
    var state = UInt64(seed) &+ 1
    var text = ""
    while text.utf8.count < bytes {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      text += words[Int(state >> 33) % words.count] + " "
    }
    return text
  }

  private static func noise(_ count: Int) -> [UInt8] {
    var state: UInt64 = 42
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }

  private static let samples: [[UInt8]] = [
    [], Array("{}".utf8), Array(repeating: 0, count: 511), Array(repeating: 0, count: 512),
    Array(repeating: 0, count: 3_000_000), noise(100_000), Array(text(1).utf8),
    Array("x\(text(2, bytes: 200_000))".utf8),
  ]

  @Test(arguments: samples) func `bytes are what they were`(bytes: [UInt8]) {
    // A slice does not begin at zero.
    let packed = PackedBytes.pack(([1, 2, 3] + bytes)[3...])
    #expect(PackedBytes.unpack(Array(packed)) == bytes)
    #expect(packed.count <= bytes.count)
  }

  @Test func `repeated words take less room, noise takes no more`() {
    let events = Array(String(repeating: #"{"type":"delta","text":"a"}"#, count: 1000).utf8)
    #expect(PackedBytes.pack(events[...]).count < events.count / 20)
    let noise = Self.noise(10_000)
    #expect(Array(PackedBytes.pack(noise[...])) == noise)
  }

  @Test func `what was packed and is damaged is no other bytes, and no trap`() {
    let bytes = Array(Self.text(3, bytes: 1000).utf8)
    let packed = Array(PackedBytes.pack(bytes[...]))
    for index in packed.indices {
      for bit in [1, 0x80] as [UInt8] {
        var damaged = packed
        damaged[index] ^= bit
        let found = PackedBytes.unpack(damaged)
        #expect(found == nil || found == damaged || found == bytes)
      }
      #expect(PackedBytes.unpack(Array(packed[..<index])) != bytes)
    }
    #expect(PackedBytes.unpack([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0]) == nil)
  }

  private func delta(_ text: Substring, _ number: Int) -> ArraySlice<UInt8> {
    let event = RawJSON.object {
      $0.member("type", "response.output_text.delta")
      $0.member("sequence_number", number)
      $0.member("item_id", "msg_0123456789abcdef0123456789abcdef")
      $0.member("output_index", 0)
      $0.member("content_index", 0)
      $0.member("delta", String(text))
    }
    return Array("event: response.output_text.delta\ndata: \(event.text)\n\n".utf8)[...]
  }

  @Test func `a turn of four kilobytes takes at most twelve after a day, and all comes back`()
    async throws
  {
    let temporary = try TemporaryStore()
    let store = temporary.store
    let conversation = try await store.createConversation(as: .user(1000))
    var said: [(handle: ResponseHandle, object: RawJSON, events: [ArraySlice<UInt8>])] = []
    for number in 0..<200 {
      let text = Self.text(number)
      let handle = try await store.start(
        NewResponse(
          as: .user(1000), id: "resp_\(number)", parent: .conversation(conversation.id),
          input: [message("go on")]))
      let events = text.split(separator: " ").enumerated().map { delta($1, $0) }
      try await store.appendEvents(events, from: 0, to: handle)
      let output = [answer(text)]
      let object = object("resp_\(number)", output)
      _ = try await store.finishResponse(
        handle,
        ResponseEnding(
          status: .completed, object: object, output: output, continuesConversation: true))
      said.append((handle, object, events))
    }
    for (number, (handle, object, events)) in said.enumerated() {
      let response = try await store.response("resp_\(number)", as: .user(1000))
      #expect(response.object?.bytes == object.bytes)
      #expect(try await store.events(of: handle, after: -1).map(\.bytes) == events)
    }
    _ = try await store.search(SearchRequest(query: "nothing"), as: .user(1000))
    temporary.clock.advance(by: 90_000_000)
    _ = try await store.expire(RetentionPolicy())
    let statistics = try await store.statistics()
    let bytes = statistics.databaseBytes + statistics.logBytes - statistics.freeBytes
    #expect(bytes / said.count < 12 << 10, "\(bytes / said.count) bytes a turn")
  }
}
