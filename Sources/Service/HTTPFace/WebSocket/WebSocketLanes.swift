/// The creates of a connection that run and that wait. Those of one lane run one after the other,
/// those of several beside each other; what names no lane is in one of its own.
package struct WebSocketLanes<Create> {
  package enum Refusal: Error {
    case tooManyLanes, tooManyWaiting
  }

  package static var mostNamed: Int { 32 }
  package static var mostRunning: Int { 16 }
  package static var mostWaiting: Int { 64 }

  private var named: Set<String> = []
  private var running: Set<String?> = []
  private var waiting: [(lane: String?, create: Create)] = []

  package init() {}

  package var isEmpty: Bool { running.isEmpty && waiting.isEmpty }
  package var runningCount: Int { running.count }
  package var waitingCount: Int { waiting.count }

  /// Lets a create wait for its turn.
  package mutating func add(_ create: Create, to lane: String?) throws(Refusal) {
    if let lane, !named.contains(lane) {
      guard named.count < Self.mostNamed else { throw .tooManyLanes }
      named.insert(lane)
    }
    guard waiting.count < Self.mostWaiting else { throw .tooManyWaiting }
    waiting.append((lane, create))
  }

  /// Begins the first create whose turn it is; nil where none may begin.
  package mutating func begin() -> (lane: String?, create: Create)? {
    guard running.count < Self.mostRunning,
      let index = waiting.firstIndex(where: { !running.contains($0.lane) })
    else { return nil }
    running.insert(waiting[index].lane)
    return waiting.remove(at: index)
  }

  package mutating func ended(_ lane: String?) {
    running.remove(lane)
  }

  /// Gives up those that wait.
  package mutating func removeWaiting() -> [(lane: String?, create: Create)] {
    defer { waiting = [] }
    return waiting
  }
}
