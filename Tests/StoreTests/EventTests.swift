import Store
import Testing

@Suite struct EventTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws {
    temporary = try TemporaryStore()
  }

  private func log(_ count: Int) async throws -> ResponseHandle {
    let handle = try await store.start(NewResponse(as: .user(1), input: []))
    var first = 0
    while first < count {
      let events = (first..<min(first + 3, count)).map { Array("event \($0)".utf8)[...] }
      try await store.appendEvents(events, from: Int64(first), to: handle)
      first += events.count
    }
    return handle
  }

  @Test(arguments: -1...8)
  func `a log is read from any number on`(after: Int64) async throws {
    let handle = try await log(8)
    let events = try await store.events(of: handle, after: after)
    let expected = (0..<8).filter { $0 > after }
    #expect(events.map(\.sequence) == expected)
    #expect(events.map(\.bytes) == expected.map { Array("event \($0)".utf8)[...] })
  }

  @Test func `a log is read in parts that leave nothing out`() async throws {
    let handle = try await log(20)
    var sequences: [Int64] = []
    while true {
      let part = try await store.events(of: handle, after: sequences.last ?? -1, maximumBytes: 10)
      if part.isEmpty { break }
      #expect(part.count <= 6)
      sequences += part.map(\.sequence)
    }
    #expect(sequences == Array(0..<20))
  }

  @Test func `events that are many bytes together are kept in parts and read as one log`()
    async throws
  {
    let handle = try await store.start(NewResponse(as: .user(1), input: []))
    let events = (0..<40).map { [UInt8](repeating: UInt8($0), count: 300_000 - 7000 * $0)[...] }
    try await store.appendEvents(events + [[]], from: 0, to: handle)
    try await store.appendEvents([[1]], from: 41, to: handle)
    var read: [ArraySlice<UInt8>] = []
    while true {
      let part = try await store.events(of: handle, after: Int64(read.count) - 1, maximumBytes: 1)
      if part.isEmpty { break }
      #expect(part.reduce(0) { $0 + $1.bytes.count } <= 1 << 20)
      #expect(part.first?.sequence == Int64(read.count))
      read += part.map(\.bytes)
    }
    #expect(read == events + [[], [1]])
  }

  @Test(arguments: [0, 2, 4, 9] as [Int64])
  func `events are neither left out nor repeated`(first: Int64) async throws {
    let handle = try await log(3)
    let store = store
    let code = try await code { try await store.appendEvents([[1]], from: first, to: handle) }
    #expect(code == .conflict)
    try await store.appendEvents([[1]], from: 3, to: handle)
  }
}
