import EventLoop
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite(.onLoop, .serialized) struct ExecutorTests {
  private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
  }

  @Test @EventLoop func `work from another thread wakes the loop`() async {
    let loop = pthread_self()
    let thread = await EventLoop.offload { pthread_self() }
    #expect(thread != loop)
    #expect(pthread_self() == loop)
  }

  @Test @EventLoop func `blocking work does not hold the loop up`() async {
    let flag = Flag()
    async let waited: Bool = EventLoop.offload {
      for _ in 0..<30_000 where !flag.isSet { usleep(1000) }
      return flag.isSet
    }
    EventLoop.start { flag.set() }
    #expect(await waited)
  }

  @Test @EventLoop func `the end of a turn comes behind its jobs, and once more for what it adds`()
    async
  {
    let done = Promise<[String]>()
    var order: [String] = []
    EventLoop.atEndOfTurn {
      order.append("end")
      EventLoop.atEndOfTurn {
        order.append("second end")
        EventLoop.atEndOfTurn {
          order.append("next turn's end")
          done.resolve(order)
        }
        EventLoop.start { order.append("next turn's job") }
      }
    }
    EventLoop.start {
      order.append("job")
      EventLoop.start { order.append("job of a job") }
    }
    let expected = [
      "job", "job of a job", "end", "second end", "next turn's job", "next turn's end",
    ]
    #expect(await done.wait() == expected)
  }

  @Test @EventLoop func `jobs without end leave timers their turn`() async throws {
    var isOver = false
    @EventLoop func again() { if !isOver { EventLoop.start { again() } } }
    again()
    let fired = Promise<Void>()
    let timer = try TimerSource { fired.resolve(()) }
    timer.arm(after: .milliseconds(1))
    await fired.wait()
    isOver = true
  }

  @Test @EventLoop func `a turn that kept others waiting is reported`() async {
    let reported = Promise<Duration>()
    EventLoop.onSlowTurn { reported.resolve($0) }
    EventLoop.start {
      let end = ContinuousClock.now + LoopExecutor.slowTurn + .milliseconds(1)
      while ContinuousClock.now < end {}
    }
    #expect(await reported.wait() > LoopExecutor.slowTurn)
    EventLoop.onSlowTurn { _ in }
  }
}

@Suite struct DescriptorsTests {
  @Test func `the last descriptors are held back, fewer from upstreams than from clients`() {
    let most = Int32(clamping: sysconf(Int32(_SC_OPEN_MAX)))
    let first = (0..<most).reversed().prefix(64).reversed()
      .first { Descriptors.areLast($0, for: .clients) }
    #expect(first == most - min(32, most / 4))
    #expect(first.map { Descriptors.areLast($0, for: .upstreams) } == false)
    #expect(Descriptors.areLast(most - 1, for: .upstreams))
    #expect(!Descriptors.areLast(3, for: .clients))
  }

  @Test func `a file is read up to a limit, and an error is told from its end`() throws {
    let scratch = try Scratch()
    let path = try scratch.write("file", [UInt8](repeating: 7, count: 40_000))
    for (limit, count) in [(100, 100), (40_000, 40_000), (1 << 20, 40_000)] {
      let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
      defer { close(descriptor) }
      #expect(FileBytes.read(descriptor, atMost: limit)?.count == count)
    }
    #expect(FileBytes.read(-1, atMost: 1) == nil)
  }

  @Test func `a socket takes what fits, and says when it has no more`() throws {
    var pair: [Int32] = [-1, -1]
    try #require(
      unsafe socketpair(
        AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair) == 0)
    defer { UnixSocket.close(pair[1]) }
    let bytes = [UInt8](repeating: 1, count: 1 << 16)
    var (sent, last) = (0, 1)
    while last > 0 {
      last = try UnixSocket.send(pair[0], bytes[...])
      sent += last
    }
    UnixSocket.close(pair[0])
    var (buffer, got, isOver) = ([UInt8](repeating: 0, count: 1 << 16), 0, false)
    while !isOver {
      switch try UnixSocket.read(pair[1], into: &buffer) {
      case .bytes(let count): got += count
      case .wouldBlock: Issue.record("more was sent")
      case .endOfStream: isOver = true
      }
    }
    #expect(got == sent && sent > 0)
    #expect(try UnixSocket.peer(of: pair[1]).userID == geteuid())
  }
}
