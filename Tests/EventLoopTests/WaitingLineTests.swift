import EventLoop
import Testing
import TestSupport

@Suite(.onLoop) struct WaitingLineTests {
  /// A line with those who were served, in their order.
  @EventLoop final class Stage {
    let line: WaitingLine
    var served: [String] = []
    private var tasks: [String: Task<Void, Never>] = [:]

    init(places: Int) { line = WaitingLine(places: places) }

    /// Has somebody enter who does not leave, and waits until they stand in the line or have a place.
    func enter(_ name: String, as user: String = "") async throws {
      let before = line.waiting + line.taken
      tasks[name] = EventLoop.start { [self] in
        do {
          try await line.enter(as: user)
          served.append(name)
        } catch {
          served.append("\(name) gave up")
        }
      }
      try await eventually("\(name) is there") { line.waiting + line.taken > before }
    }

    func cancel(_ name: String) { tasks[name]?.cancel() }

    func leave(as user: String = "") async throws {
      let count = served.count
      line.leave(as: user)
      try await eventually("the next one goes on") { served.count > count }
    }
  }

  @Test @EventLoop func `of one user, who comes first is served first`() async throws {
    let stage = Stage(places: 2)
    for name in ["a", "b", "c", "d"] { try await stage.enter(name) }
    #expect(stage.line.taken == 2 && stage.line.waiting == 2 && !stage.line.isFree)
    for _ in 0..<2 { try await stage.leave() }
    #expect(stage.served == ["a", "b", "c", "d"])
    stage.line.leave()
    #expect(stage.line.isFree)
  }

  @Test @EventLoop func `users take turns, however much one of them asks`() async throws {
    let stage = Stage(places: 1)
    try await stage.enter("1a", as: "1")
    for name in ["1b", "1c", "1d"] { try await stage.enter(name, as: "1") }
    try await stage.enter("2a", as: "2")
    try await stage.enter("2b", as: "2")
    #expect(stage.line.waiting(of: "1") == 3 && stage.line.waiting(of: "2") == 2)
    for user in ["1", "2", "1", "2", "1"] { try await stage.leave(as: user) }
    #expect(stage.served == ["1a", "2a", "1b", "2b", "1c", "1d"])
  }

  @Test @EventLoop func `the user with the fewest places comes first`() async throws {
    let stage = Stage(places: 3)
    try await stage.enter("2a", as: "2")
    try await stage.enter("1a", as: "1")
    try await stage.enter("1b", as: "1")
    try await stage.enter("1c", as: "1")
    try await stage.enter("2b", as: "2")
    // User 2 was served longer ago, and has one place where user 1 has one less than two.
    try await stage.leave(as: "1")
    #expect(stage.served.last == "2b")
  }

  @Test @EventLoop func `who gives up takes no place, and who has one keeps it`() async throws {
    let stage = Stage(places: 1)
    for name in ["a", "b", "c"] { try await stage.enter(name) }
    stage.cancel("a")
    stage.cancel("b")
    try await eventually("b gave up") { stage.served.contains("b gave up") }
    #expect(stage.line.waiting == 1 && stage.line.taken == 1)
    try await stage.leave()
    #expect(stage.served == ["a", "b gave up", "c"])
    stage.line.leave()
    #expect(stage.line.taken == 0)
  }

  @Test @EventLoop func `a task that is cancelled before does not wait`() async throws {
    let stage = Stage(places: 0)
    let ended = Promise<Bool>()
    let task = EventLoop.start {
      do {
        try await stage.line.enter()
        ended.resolve(false)
      } catch {
        ended.resolve(true)
      }
    }
    task.cancel()
    #expect(await ended.wait())
    #expect(stage.line.waiting == 0)
  }

  @Test @EventLoop func `places that are added are given with the next change`() async throws {
    let stage = Stage(places: 1)
    for name in ["a", "b", "c"] { try await stage.enter(name) }
    stage.line.places = 2
    stage.line.leave()
    try await eventually("both are served") { stage.served.count == 3 }
    #expect(stage.line.taken == 2)
  }
}
