import EventLoop
import Service
import Testing

@Suite struct CircuitBreakerTests {
  private let breaker = CircuitBreaker()

  private func at(_ seconds: Double) -> LoopInstant {
    LoopInstant(microseconds: UInt64((1000 + seconds) * 1_000_000))
  }

  private func open() {
    for _ in 0..<5 { _ = breaker.record(.unreachable, at: at(0)) }
  }

  private func isAdmitted(_ seconds: Double) -> Bool {
    do throws(CircuitBreaker.Refusal) {
      _ = try breaker.admit(at: at(seconds))
      return true
    } catch {
      return false
    }
  }

  @Test func `five unreachable requests in a row open it`() {
    for index in 0..<4 { #expect(!breaker.record(.unreachable, at: at(Double(index)))) }
    #expect(breaker.wait(at: at(4)) == nil)
    #expect(breaker.record(.unreachable, at: at(4)))
    #expect(breaker.wait(at: at(5)) == .seconds(14))
    #expect(!isAdmitted(5))
  }

  @Test func `a success in between starts the row again`() {
    for index in 0..<4 { _ = breaker.record(.unreachable, at: at(Double(index))) }
    _ = breaker.record(.success, at: at(4))
    for index in 5..<9 { _ = breaker.record(.unreachable, at: at(Double(index))) }
    #expect(breaker.state == .closed)
  }

  @Test func `half of twenty in half a minute open it`() {
    var opened = false
    for index in 0..<20 {
      let outcome: CircuitBreaker.Outcome = index.isMultiple(of: 2) ? .success : .failed
      opened = breaker.record(outcome, at: at(Double(index))) || opened
    }
    #expect(opened)
  }

  @Test func `fewer than twenty failures do not count as half of many`() {
    for index in 0..<19 { _ = breaker.record(.failed, at: at(Double(index) / 10)) }
    #expect(breaker.state == .closed)
  }

  @Test func `failures of more than half a minute ago are forgotten`() {
    for index in 0..<19 { _ = breaker.record(.failed, at: at(Double(index) / 10)) }
    _ = breaker.record(.failed, at: at(60))
    #expect(breaker.state == .closed)
  }

  @Test func `after the pause one request tries, and its success closes it`() throws {
    open()
    let admission = try breaker.admit(at: at(20))
    #expect(breaker.wait(at: at(21)) == .seconds(14))
    #expect(!isAdmitted(21))
    _ = breaker.record(.success, at: at(21))
    #expect(breaker.state == .closed)
    _ = consume admission
    #expect(breaker.state == .closed)
  }

  @Test func `the beginning of an answer closes it, however long the answer is`() throws {
    open()
    let admission = try breaker.admit(at: at(15))
    breaker.noteAnswer()
    #expect(breaker.wait(at: at(15)) == nil)
    _ = consume admission
  }

  @Test func `no try that fails makes a pause of more than 15 seconds`() throws {
    open()
    var time = 0.0
    for _ in 0..<5 {
      #expect(breaker.wait(at: at(time)) == .seconds(15))
      time += 15
      let admission = try breaker.admit(at: at(time))
      #expect(breaker.record(.unreachable, at: at(time)))
      _ = consume admission
    }
  }

  @Test func `an admission that ends without a call lets the next request try at once`() throws {
    open()
    for _ in 0..<3 {
      let admission = try breaker.admit(at: at(15))
      #expect(!isAdmitted(15))
      _ = consume admission
    }
    #expect(isAdmitted(15))
  }

  @Test func `a try that takes longer than a pause keeps nobody away any longer`() throws {
    open()
    let slow = try breaker.admit(at: at(15))
    #expect(!isAdmitted(29))
    let second = try breaker.admit(at: at(30))
    // The end of the first is not that of the second.
    _ = consume slow
    #expect(!isAdmitted(31))
    _ = consume second
    #expect(isAdmitted(31))
  }

  @Test func `an upstream that was heard of is tried at once`() {
    open()
    #expect(!isAdmitted(5))
    breaker.letThrough(at: at(5))
    #expect(isAdmitted(5))
  }

  @Test func `a closed breaker is not opened by letting through, nor by an admission that ends`() {
    breaker.letThrough(at: at(0))
    #expect(isAdmitted(0))
    #expect(breaker.state == .closed)
  }
}
