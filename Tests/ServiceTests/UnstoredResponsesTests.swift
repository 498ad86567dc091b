import EventLoop
import JSON
import Service
import Store
import Testing
import TestSupport

@Suite(.serialized, .onLoop) struct UnstoredResponsesTests {
  private static let user = Principal.user(1000)
  private static let most = 512 << 20
  private static let hour: Duration = .seconds(3600)

  private let start = LoopInstant(microseconds: 1_000_000_000)

  @EventLoop
  private func response(_ name: String, bytes: Int = 10, of user: Principal = user)
    -> UnstoredResponse
  {
    let log = EventLog()
    log.append(Array(repeating: 0x20, count: bytes)[...])
    return UnstoredResponse(
      principal: user, bodyDigest: [], log: log, replay: log,
      object: .object { $0.member("id", name) })
  }

  /// Keeps a response under its name, as id or as key or both.
  @EventLoop
  private func keep(
    _ table: inout UnstoredResponses, _ name: String, id: Bool = true, key: Bool = true,
    bytes: Int = 10, at time: Duration = .zero, most: Int = most
  ) {
    table.keep(
      response(name, bytes: bytes), id: id ? name : nil, key: key ? name : nil,
      repeatableUntil: start + time + Self.hour, at: start + time, most: most)
  }

  @EventLoop
  private func isReadable(_ table: UnstoredResponses, _ name: String) -> Bool {
    table.response(name, as: Self.user) != nil
  }

  @EventLoop
  private func isRepeatable(
    _ table: UnstoredResponses, _ name: String, at time: Duration = .zero
  ) -> Bool {
    table.response(forKey: name, of: Self.user.subject, at: start + time) != nil
  }

  @Test @EventLoop func `one is found by its id, by its key, or by both`() {
    var table = UnstoredResponses()
    keep(&table, "both")
    keep(&table, "id", key: false)
    keep(&table, "key", id: false)
    #expect(["both", "id"].allSatisfy { isReadable(table, $0) } && !isReadable(table, "key"))
    #expect(["both", "key"].allSatisfy { isRepeatable(table, $0) } && !isRepeatable(table, "id"))
  }

  @Test @EventLoop func `another user finds nothing`() {
    var table = UnstoredResponses()
    keep(&table, "a")
    let other = Principal.user(1001)
    #expect(table.response("a", as: other) == nil)
    #expect(table.response(forKey: "a", of: other.subject, at: start) == nil)
    #expect(!table.forget("a", as: other) && isReadable(table, "a"))
  }

  @Test @EventLoop func `an id is good for ten minutes, a key for as long as it says`() {
    var table = UnstoredResponses()
    keep(&table, "a")
    table.drop(at: start + .seconds(599))
    #expect(isReadable(table, "a"))
    table.drop(at: start + .seconds(600))
    #expect(!isReadable(table, "a") && isRepeatable(table, "a", at: .seconds(3599)))
    #expect(!isRepeatable(table, "a", at: Self.hour))
  }

  @Test @EventLoop func `the oldest leave where there are too many bytes`() {
    var table = UnstoredResponses()
    for number in 0..<5 { keep(&table, "\(number)", bytes: 15 << 20) }
    #expect((1..<5).allSatisfy { isReadable(table, "\($0)") } && !isReadable(table, "0"))
    #expect(isRepeatable(table, "4") && !isRepeatable(table, "3"))
  }

  @Test @EventLoop func `those with a key take an eighth of what all logs may, at most`() {
    var table = UnstoredResponses()
    for name in ["a", "b"] { keep(&table, name, bytes: 600, most: 8000) }
    #expect(!isRepeatable(table, "a") && isRepeatable(table, "b"))
  }

  @Test @EventLoop func `of many with a key the latest 1024 are kept`() {
    var table = UnstoredResponses()
    for number in 0...1024 { keep(&table, "\(number)", id: false, bytes: 1) }
    #expect(!isRepeatable(table, "0") && isRepeatable(table, "1") && isRepeatable(table, "1024"))
  }

  @Test @EventLoop func `one that is deleted can't be read, but answers its create again`() {
    var table = UnstoredResponses()
    keep(&table, "a")
    let wasThere = table.forget("a", as: Self.user)
    let isThere = table.forget("a", as: Self.user)
    #expect(wasThere && !isThere && isRepeatable(table, "a"))
  }
}
