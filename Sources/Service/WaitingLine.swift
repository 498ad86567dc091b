internal import EventLoop

/// A number of places and a line of those who wait for one.
///
/// Of one user, who comes first is served first. Users take turns: first comes the one who has the
/// fewest places, of those the one who was served longest ago, so that nobody can keep others
/// waiting by asking often.
@EventLoop
final class WaitingLine {
  private struct Waiter {
    let number: UInt64
    let user: UInt32
    let continuation: CheckedContinuation<Void, any Error>
  }

  /// Applies from the next change on.
  var places: Int
  private(set) var taken = 0
  private var waiters: [Waiter] = []
  private var lastNumber: UInt64 = 0
  private var users: [UInt32: User] = [:]

  /// One who has places or waits for one.
  private struct User {
    var taken = 0
    /// When a place was given last, counted in places given; 0 for never.
    var lastServed: UInt64 = 0
  }

  private var served: UInt64 = 0

  init(places: Int) {
    self.places = places
  }

  var waiting: Int { waiters.count }
  var isFree: Bool { taken < places && waiters.isEmpty }

  /// How many wait for a place as this user.
  func waiting(of user: UInt32) -> Int { waiters.count { $0.user == user } }

  /// Waits for a place. Throws `CancellationError` when the task is cancelled before it has one.
  ///
  /// - Parameter user: who takes turns with others; the one who leaves has to say the same.
  func enter(as user: UInt32 = 0) async throws {
    if isFree { return give(to: user) }
    lastNumber += 1
    let number = lastNumber
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        // A place may have become free on the way here, when nobody waited.
        if isFree {
          give(to: user)
          return continuation.resume()
        }
        waiters.append(Waiter(number: number, user: user, continuation: continuation))
        if Task.isCancelled { giveUp(number) }
      }
    } onCancel: {
      EventLoop.assumeIsolated { self.giveUp(number) }
    }
  }

  /// Gives the place to the next in turn.
  func leave(as user: UInt32 = 0) {
    taken -= 1
    users[user]?.taken -= 1
    forgetIfGone(user)
    while taken < places, let next = next() {
      let waiter = waiters.remove(at: next)
      give(to: waiter.user)
      waiter.continuation.resume()
    }
  }

  private func give(to user: UInt32) {
    taken += 1
    served += 1
    users[user, default: User()].taken += 1
    users[user]?.lastServed = served
  }

  private func next() -> Int? {
    waiters.indices.min { left, right in
      let (one, other) = (users[waiters[left].user], users[waiters[right].user])
      return (one?.taken ?? 0, one?.lastServed ?? 0, left)
        < (other?.taken ?? 0, other?.lastServed ?? 0, right)
    }
  }

  private func forgetIfGone(_ user: UInt32) {
    if users[user]?.taken == 0, waiting(of: user) == 0 { users[user] = nil }
  }

  private func giveUp(_ number: UInt64) {
    guard let index = waiters.firstIndex(where: { $0.number == number }) else { return }
    let waiter = waiters.remove(at: index)
    forgetIfGone(waiter.user)
    waiter.continuation.resume(throwing: CancellationError())
  }
}
