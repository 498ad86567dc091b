/// Decides whether a plugin that ended unasked is started again, and when.
package struct RestartPolicy: Sendable {
  package enum Decision: Equatable, Sendable {
    case restart(after: Duration)
    case giveUp
  }

  /// Doubles with each restart in a row.
  package static let firstPause: Duration = .milliseconds(100)
  package static let longestPause: Duration = .seconds(30)
  /// One that ran this long is taken for healthy: its restarts count anew.
  package static let healthyTime: Duration = .seconds(60)

  private let maximumRestarts: Int
  private var restartsInARow = 0

  package init(maximumRestarts: Int) {
    self.maximumRestarts = maximumRestarts
  }

  /// - Parameter lifetime: how long it ran; zero where it did not start.
  package mutating func ended(after lifetime: Duration) -> Decision {
    if lifetime >= Self.healthyTime { restartsInARow = 0 }
    guard restartsInARow < maximumRestarts else { return .giveUp }
    // Ten doublings are beyond the longest pause.
    let pause = Self.firstPause * (1 << min(restartsInARow, 10))
    restartsInARow += 1
    return .restart(after: min(pause, Self.longestPause))
  }
}
