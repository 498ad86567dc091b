package import EventLoop

/// A connection's claim to its place, where there are no more places.
package struct Seat {
  /// nil while nobody is known to be behind it.
  package let userID: UInt32?
  /// Whether an answer is on its way.
  package let isBusy: Bool
  package let idleSince: LoopInstant

  package init(userID: UInt32?, isBusy: Bool, idleSince: LoopInstant) {
    self.userID = userID
    self.isBusy = isBusy
    self.idleSince = idleSince
  }

  /// Who gives way to one more: the longest idle of those behind whom nobody is known, else one of
  /// the user with the most places, unless the newcomer would have as many. One who may not wait for
  /// an answer, or holds all places, keeps nobody else out.
  ///
  /// - Parameter newcomer: nil where nobody is known.
  package static func giving<Holder>(
    wayTo newcomer: UInt32?, among holders: some Sequence<Holder>, _ seat: (Holder) -> Seat
  ) -> Holder? {
    let seated = holders.map { (holder: $0, seat: seat($0)) }
    let strangers = seated.filter { $0.seat.userID == nil }
    if let stranger = longestIdle(strangers) { return stranger }
    guard let newcomer else { return nil }
    let byUser = Dictionary(grouping: seated) { $0.seat.userID }
    guard let most = byUser.values.max(by: { $0.count < $1.count }),
      most.count > (byUser[newcomer]?.count ?? 0) + 1
    else { return nil }
    return longestIdle(most)
  }

  private static func longestIdle<Holder>(
    _ seated: [(holder: Holder, seat: Seat)]
  ) -> Holder? {
    seated.min {
      ($0.seat.isBusy ? 1 : 0, $0.seat.idleSince) < ($1.seat.isBusy ? 1 : 0, $1.seat.idleSince)
    }?.holder
  }
}
