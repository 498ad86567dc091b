import Service
import Testing

@Suite struct WebSocketLanesTests {
  private typealias Lanes = WebSocketLanes<Int>

  private func begun(_ lanes: inout Lanes) -> [Int] {
    var begun: [Int] = []
    while let (_, create) = lanes.begin() { begun.append(create) }
    return begun
  }

  @Test func `creates of one lane run in turn, those of several beside each other`() throws {
    var lanes = Lanes()
    for (create, lane) in [(1, nil), (2, "a"), (3, nil), (4, "a"), (5, "b")] as [(Int, String?)] {
      try lanes.add(create, to: lane)
    }
    #expect(begun(&lanes) == [1, 2, 5])
    lanes.ended("a")
    #expect(begun(&lanes) == [4])
    lanes.ended(nil)
    lanes.ended("a")
    lanes.ended("b")
    #expect(begun(&lanes) == [3])
    lanes.ended(nil)
    #expect(lanes.isEmpty)
  }

  @Test func `no more run at once than are allowed`() throws {
    var lanes = Lanes()
    for number in 0..<20 { try lanes.add(number, to: "lane-\(number)") }
    #expect(begun(&lanes).count == Lanes.mostRunning)
    lanes.ended("lane-0")
    #expect(begun(&lanes) == [Lanes.mostRunning])
  }

  @Test func `a new name is refused where there are too many, a known one is not`() throws {
    var lanes = Lanes()
    for number in 0..<Lanes.mostNamed { try lanes.add(number, to: "\(number)") }
    #expect(throws: Lanes.Refusal.tooManyLanes) { try lanes.add(0, to: "new") }
    try lanes.add(0, to: "0")
    try lanes.add(0, to: nil)
  }

  @Test func `no more wait than are allowed`() throws {
    var lanes = Lanes()
    try lanes.add(0, to: nil)
    #expect(begun(&lanes) == [0])
    for number in 0..<Lanes.mostWaiting { try lanes.add(number, to: nil) }
    #expect(throws: Lanes.Refusal.tooManyWaiting) { try lanes.add(0, to: nil) }
    #expect(lanes.removeWaiting().count == Lanes.mostWaiting)
    #expect(lanes.runningCount == 1)
  }
}
