import EventLoop
import Service
import Testing

/// Who gives way where there are no more places.
@Suite struct SeatTests {
  private func seat(_ user: UInt32?, _ since: UInt64, isBusy: Bool = false) -> Seat {
    Seat(userID: user, isBusy: isBusy, idleSince: LoopInstant(microseconds: since))
  }

  private func giving(_ newcomer: UInt32?, _ seats: [Seat]) -> Int? {
    Seat.giving(wayTo: newcomer, among: seats.indices, { seats[$0] })
  }

  @Test func `of strangers the one that is idle longest gives way, to anybody`() {
    let seats = [seat(1000, 1), seat(nil, 9), seat(nil, 5), seat(nil, 2, isBusy: true)]
    #expect(giving(nil, seats) == 2)
    #expect(giving(1000, seats) == 2)
    #expect(giving(nil, [seat(1000, 1), seat(nil, 2, isBusy: true)]) == 1)
  }

  @Test func `who is known gives way to no stranger`() {
    #expect(giving(nil, [seat(1000, 1), seat(1000, 2)]) == nil)
    #expect(giving(1000, []) == nil)
  }

  @Test func `a user who has most places gives one to another, and none to itself`() {
    let seats = [
      seat(1001, 1), seat(1000, 7), seat(1000, 3, isBusy: true), seat(1000, 5), seat(1000, 6),
    ]
    #expect(giving(1001, seats) == 3)
    #expect(giving(1002, seats) == 3)
    #expect(giving(1000, seats) == nil)
    #expect(giving(1002, [seat(1000, 1), seat(1001, 2)]) == nil)
    #expect(giving(1002, [seat(1000, 1, isBusy: true), seat(1000, 2, isBusy: true)]) == 0)
  }
}
