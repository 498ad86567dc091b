/// A number of places and a line of those who wait for one.
///
/// Of one user, who comes first is served first. Users take turns: first comes the one who has the
/// fewest places, of those the one who was served longest ago, so that nobody can keep others
/// waiting by asking often.
@EventLoop
package final class WaitingLine {
  private struct Waiter {
    let user: String
    let place: Promise<Result<Void, CancellationError>>
  }

  /// Applies from the next change on.
  package var places: Int
  package private(set) var taken = 0
  private var waiters: [Waiter] = []
  private var users: [String: User] = [:]

  /// One who has places or waits for one.
  private struct User {
    var taken = 0
    /// When a place was given last, counted in places given; 0 for never.
    var lastServed: UInt64 = 0
  }

  private var served: UInt64 = 0

  package init(places: Int) {
    self.places = places
  }

  package var waiting: Int { waiters.count }
  package var isFree: Bool { taken < places && waiters.isEmpty }

  /// How many wait for a place as this user.
  package func waiting(of user: String) -> Int { waiters.count { $0.user == user } }

  /// Waits for a place. Throws `CancellationError` when the task is cancelled before it has one.
  ///
  /// - Parameter user: who takes turns with others; the one who leaves has to say the same.
  package func enter(as user: String = "") async throws {
    if enterIfFree(as: user) { return }
    let place = Promise<Result<Void, CancellationError>>()
    waiters.append(Waiter(user: user, place: place))
    try await place.wait { self.giveUp(place) }.get()
  }

  /// Takes a place where nobody has to wait for one; false where there is none.
  package func enterIfFree(as user: String = "") -> Bool {
    guard isFree else { return false }
    give(to: user)
    return true
  }

  /// Gives the place to the next in turn.
  package func leave(as user: String = "") {
    taken -= 1
    users[user]?.taken -= 1
    forgetIfGone(user)
    while taken < places, let next = next() {
      let waiter = waiters.remove(at: next)
      give(to: waiter.user)
      waiter.place.resolve(.success(()))
    }
  }

  private func give(to user: String) {
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

  private func forgetIfGone(_ user: String) {
    if users[user]?.taken == 0, waiting(of: user) == 0 { users[user] = nil }
  }

  private func giveUp(_ place: Promise<Result<Void, CancellationError>>) {
    guard let index = waiters.firstIndex(where: { $0.place === place }) else { return }
    forgetIfGone(waiters.remove(at: index).user)
    place.resolve(.failure(CancellationError()))
  }
}
