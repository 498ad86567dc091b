import EventLoop
import TestSupport
import Testing

@Suite(.onLoop) struct PromiseTests {
  @Test @EventLoop func `a value that came first is not waited for`() async {
    let promise = Promise<Int>()
    #expect(!promise.isResolved)
    promise.resolve(1)
    promise.resolve(2)
    #expect(promise.isResolved)
    #expect(await promise.wait() == 1)
    #expect(await promise.wait() == 1)
  }

  @Test @EventLoop func `all who wait get the first value`() async {
    let promise = Promise<Int>()
    async let one = promise.wait()
    async let other = promise.wait()
    EventLoop.start {
      promise.resolve(1)
      promise.resolve(2)
    }
    #expect(await [one, other] == [1, 1])
  }

  @Test @EventLoop func `a task that is cancelled gets what its cancellation brings`() async throws
  {
    let (promise, waits, got) = (Promise<Int>(), Promise<Void>(), Promise<Int>())
    let task = EventLoop.start {
      waits.resolve(())
      got.resolve(await promise.wait { promise.resolve(-1) })
    }
    await waits.wait()
    task.cancel()
    #expect(await got.wait() == -1)
  }

  @Test @EventLoop func `a task that was cancelled before does not wait`() async {
    let (promise, got) = (Promise<Int>(), Promise<Int>())
    let task = EventLoop.start { got.resolve(await promise.wait { promise.resolve(-1) }) }
    task.cancel()
    #expect(await got.wait() == -1)
  }

  @Test @EventLoop func `a cancellation behind the value changes nothing`() async {
    let (promise, got) = (Promise<Int>(), Promise<Int>())
    let task = EventLoop.start { got.resolve(await promise.wait { promise.resolve(-1) }) }
    await EventLoop.sleep(for: .zero)
    promise.resolve(1)
    task.cancel()
    #expect(await got.wait() == 1)
  }
}
