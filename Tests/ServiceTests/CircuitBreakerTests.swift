import EventLoop
import Service
import Testing

@Suite struct CircuitBreakerTests {
  private func at(_ seconds: Double) -> LoopInstant {
    LoopInstant(microseconds: UInt64((1000 + seconds) * 1_000_000))
  }

  @Test func `five unreachable requests in a row open it`() {
    var breaker = CircuitBreaker()
    for index in 0..<4 {
      let opened = breaker.record(.unreachable, at: at(Double(index)))
      #expect(!opened)
    }
    let found1 = breaker.admit(at: at(4))
    #expect(found1 == nil)
    let opened = breaker.record(.unreachable, at: at(4))
    #expect(opened)
    let found2 = breaker.admit(at: at(5))
    #expect(found2 == .seconds(14))
  }

  @Test func `a success in between starts the row again`() {
    var breaker = CircuitBreaker()
    for index in 0..<4 { _ = breaker.record(.unreachable, at: at(Double(index))) }
    _ = breaker.record(.success, at: at(4))
    for index in 5..<9 { _ = breaker.record(.unreachable, at: at(Double(index))) }
    #expect(breaker.state == .closed)
  }

  @Test func `half of twenty in half a minute open it`() {
    var breaker = CircuitBreaker()
    var opened = false
    for index in 0..<20 {
      let outcome: CircuitBreaker.Outcome = index.isMultiple(of: 2) ? .success : .failed
      opened = breaker.record(outcome, at: at(Double(index)))
    }
    #expect(opened)
  }

  @Test func `fewer than twenty failures do not count as half of many`() {
    var breaker = CircuitBreaker()
    for index in 0..<19 { _ = breaker.record(.failed, at: at(Double(index) / 10)) }
    #expect(breaker.state == .closed)
  }

  @Test func `failures of more than half a minute ago are forgotten`() {
    var breaker = CircuitBreaker()
    for index in 0..<19 { _ = breaker.record(.failed, at: at(Double(index) / 10)) }
    _ = breaker.record(.failed, at: at(60))
    #expect(breaker.state == .closed)
  }

  @Test func `after the pause one request tries, and its success closes it`() {
    var breaker = CircuitBreaker()
    for index in 0..<5 { _ = breaker.record(.unreachable, at: at(Double(index))) }
    let found3 = breaker.admit(at: at(20))
    #expect(found3 == nil)
    #expect(breaker.state == .halfOpen)
    let found4 = breaker.admit(at: at(20))
    #expect(found4 != nil)
    _ = breaker.record(.success, at: at(21))
    #expect(breaker.state == .closed)
    let found5 = breaker.admit(at: at(21))
    #expect(found5 == nil)
  }

  @Test func `the pause doubles for each try that fails, up to two minutes`() {
    var breaker = CircuitBreaker()
    for _ in 0..<5 { _ = breaker.record(.unreachable, at: at(0)) }
    var time = 0.0
    for pause in [15.0, 30, 60, 120, 120] {
      let found6 = breaker.admit(at: at(time + pause - 1))
      #expect(found6 == .seconds(1))
      time += pause
      let found7 = breaker.admit(at: at(time))
      #expect(found7 == nil)
      let opened = breaker.record(.unreachable, at: at(time))
      #expect(opened)
    }
  }

  @Test func `a try that was withdrawn lets the next request try`() {
    var breaker = CircuitBreaker()
    for _ in 0..<5 { _ = breaker.record(.unreachable, at: at(0)) }
    let found8 = breaker.admit(at: at(15))
    #expect(found8 == nil)
    breaker.withdraw(at: at(15))
    let found9 = breaker.admit(at: at(15))
    #expect(found9 == nil)
  }
}
