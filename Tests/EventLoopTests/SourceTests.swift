import EventLoop
import Glibc
import TestSupport
import Testing

@Suite(.onLoop) struct SourceTests {
  /// Two connected sockets, closed with it.
  private final class Ends {
    let reading: Int32
    private(set) var writing: Int32

    init() throws {
      var ends: [Int32] = [-1, -1]
      try #require(
        unsafe socketpair(
          AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
      (reading, writing) = (ends[0], ends[1])
    }

    func closeWriting() {
      close(writing)
      writing = -1
    }

    deinit {
      close(reading)
      if writing >= 0 { close(writing) }
    }
  }

  @Test @EventLoop func `a descriptor is told of while it is ready, until the source is cancelled`()
    async throws
  {
    let ends = try Ends()
    var seen: [IOEvents] = []
    let source = try IOSource(ends.reading, .readable) { seen.append($0) }
    await EventLoop.sleep(for: .milliseconds(1))
    #expect(seen.isEmpty)
    unsafe #expect(write(ends.writing, "x", 1) == 1)
    try await eventually("it is told twice") { seen.count >= 2 }
    #expect(seen.allSatisfy { $0 == .readable })
    source.cancel()
    let count = seen.count
    await EventLoop.sleep(for: .milliseconds(1))
    #expect(seen.count == count)
  }

  @Test @EventLoop func `an end is told of even where nothing is waited for`() async throws {
    let ends = try Ends()
    var seen: [IOEvents] = []
    let source = try IOSource(ends.reading, .readable) { seen.append($0) }
    source.wait(for: [])
    unsafe #expect(write(ends.writing, "x", 1) == 1)
    await EventLoop.sleep(for: .milliseconds(1))
    #expect(seen.isEmpty)
    ends.closeWriting()
    try await eventually("the end is told") { seen.contains { $0.contains(.hangUp) } }
    source.cancel()
  }

  @Test @EventLoop func `a source holds its handler until it is cancelled, and no longer`()
    async throws
  {
    final class Owner {
      var source: IOSource?
    }
    let ends = try Ends()
    weak var gone: Owner?
    do {
      let owner = Owner()
      owner.source = try IOSource(ends.reading, .readable) { _ in withExtendedLifetime(owner) {} }
      gone = owner
    }
    #expect(gone != nil)
    gone?.source?.cancel()
    #expect(gone == nil)
  }

  @Test @EventLoop func `what can't be watched is an error with its name`() throws {
    #expect(throws: LoopError.self) { _ = try IOSource(-1, .readable) { _ in } }
    let error = LoopError("open", code: ENOENT, "/nowhere")
    #expect("\(error)" == "open /nowhere: No such file or directory")
  }

  @Test @EventLoop func `a signal reaches the loop`() async throws {
    let signalled = Promise<Void>()
    let source = try SignalSource(SIGHUP) { signalled.resolve(()) }
    // Blocked in the loop's thread alone, so it is sent to that.
    #expect(raise(SIGHUP) == 0)
    await signalled.wait()
    source.cancel()
  }

  private func spawn(_ command: String) throws -> Int32 {
    var id: Int32 = 0
    let arguments = ["sh", "-c", command]
    var pointers = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    try #require(unsafe posix_spawn(&id, "/bin/sh", nil, nil, &pointers, nil) == 0)
    return id
  }

  @Test @EventLoop func `a child's end is told once, with how it ended`() async throws {
    let (status, signal) = (Promise<ChildExit>(), Promise<ChildExit>())
    let one = try ChildSource(processID: spawn("exit 7")) { status.resolve($0) }
    let other = try ChildSource(processID: spawn("exec sleep 100")) { signal.resolve($0) }
    try other.send(signal: SIGKILL)
    #expect(await status.wait() == .exited(status: 7))
    #expect(await signal.wait() == .killed(signal: SIGKILL))
    one.cancel()
    other.cancel()
  }
}
