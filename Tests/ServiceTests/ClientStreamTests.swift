import EventLoop
import Glibc
import Service
import Testing
import TestSupport

@Suite(.onLoop) struct ClientStreamTests {
  /// What sends a text and keeps what it receives.
  @EventLoop
  private final class Owner: ClientStreamOwner {
    var output: ArraySlice<UInt8> = []
    var received: [UInt8] = []
    var isPaused = false
    var isDone = true
    private(set) var hasEnded = false
    private(set) var timesClosed = 0

    func receive(_ bytes: borrowing Span<UInt8>) {
      for index in bytes.indices { received.append(bytes[index]) }
    }

    func receiveEnd() { hasEnded = true }

    func nextOutput() -> ArraySlice<UInt8> {
      defer { output = output.dropFirst(65_536) }
      return output.prefix(65_536)
    }

    func goOn() {}
    func closed() { timesClosed += 1 }
  }

  /// A stream, and the other end of its connection.
  @EventLoop
  private struct Connection {
    let owner = Owner()
    let stream: ClientStream
    let theirs: Int32

    init(stalledReader: Duration = .seconds(30)) throws {
      var pair: [Int32] = [-1, -1]
      let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
      try #require(unsafe socketpair(AF_UNIX, Int32(kind), 0, &pair) == 0)
      theirs = pair[1]
      stream = try ClientStream(pair[0], stalledReader: stalledReader, owner: owner)
    }

    func until(_ condition: () -> Bool) async {
      while !condition() { await EventLoop.sleep(for: .milliseconds(1)) }
    }

    func read() throws -> [UInt8] {
      var (bytes, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
      while case .bytes(let count) = try UnixSocket.read(theirs, into: &buffer) {
        bytes += buffer[..<count]
      }
      return bytes
    }
  }

  @Test @EventLoop func `a slow reader gets every byte in order`() async throws {
    let connection = try Connection()
    defer { close(connection.theirs) }
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 / 1000) }
    connection.owner.output = bytes[...]
    connection.stream.wake()
    await connection.until { connection.stream.hasUnsent }
    #expect(!connection.owner.output.isEmpty, "it takes no more than the socket does")
    var received: [UInt8] = []
    while received.count < bytes.count {
      received += try connection.read()
      await EventLoop.sleep(for: .milliseconds(1))
    }
    #expect(received == bytes && !connection.stream.hasUnsent)
    connection.stream.close()
  }

  @Test @EventLoop func `a half-closed client is left alone until its answers are sent`()
    async throws
  {
    let connection = try Connection()
    defer { close(connection.theirs) }
    connection.owner.isDone = false
    #expect(Glibc.shutdown(connection.theirs, Int32(SHUT_WR)) == 0)
    await connection.until { connection.owner.hasEnded }
    #expect(!connection.stream.isClosed && connection.stream.isReadingEnded)
    connection.owner.output = Array("answer".utf8)[...]
    connection.owner.isDone = true
    connection.stream.wake()
    await connection.until { connection.stream.isClosed }
    #expect(try connection.read() == Array("answer".utf8))
    #expect(connection.owner.timesClosed == 1)
  }

  @Test @EventLoop func `a paused owner leaves bytes in the socket`() async throws {
    let connection = try Connection()
    defer { close(connection.theirs) }
    connection.owner.isPaused = true
    _ = try UnixSocket.send(connection.theirs, Array("x".utf8)[...])
    await EventLoop.sleep(for: .milliseconds(20))
    #expect(connection.owner.received.isEmpty)
    connection.owner.isPaused = false
    connection.stream.wake()
    await connection.until { connection.owner.received == Array("x".utf8) }
    connection.stream.close()
  }

  @Test @EventLoop func `a client that has gone, or takes nothing, is dropped once`() async throws {
    let gone = try Connection()
    close(gone.theirs)
    gone.owner.output = Array("x".utf8)[...]
    gone.stream.wake()
    await gone.until { gone.stream.isClosed }
    let stalled = try Connection(stalledReader: .milliseconds(10))
    defer { close(stalled.theirs) }
    stalled.owner.output = ArraySlice(repeating: 0, count: 1_000_000)
    stalled.stream.wake()
    await stalled.until { stalled.stream.isClosed }
    stalled.stream.close()
    #expect(gone.owner.timesClosed == 1 && stalled.owner.timesClosed == 1)
  }
}
