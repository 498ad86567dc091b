import EventLoop
import Service
import Testing
import Wire

@Suite struct RetryPolicyTests {
  private func failure(
    _ phase: CallFailure.Phase, retryable: Bool = true, after: Duration? = nil,
    shouldRetry: Bool? = nil
  ) -> CallFailure {
    CallFailure(
      error: RPCError(.upstreamHTTP, "no", isRetryable: retryable), phase: phase,
      retryAfter: after, shouldRetry: shouldRetry)
  }

  @Test func `what was not sent is tried again as often as allowed`() {
    var policy = RetryPolicy(maximumRetries: 2, hasSideEffects: true)
    let found1 = policy.delay(after: failure(.notSent), random: 0.5)
    #expect(found1 == .milliseconds(250))
    let found2 = policy.delay(after: failure(.notSent), random: 0.5)
    #expect(found2 == .milliseconds(500))
    let found3 = policy.delay(after: failure(.notSent), random: 0.5)
    #expect(found3 == nil)
  }

  @Test func `what may have run is tried again once`() {
    var policy = RetryPolicy(maximumRetries: 5, hasSideEffects: false)
    let found4 = policy.delay(after: failure(.noStatus), random: 0)
    #expect(found4 != nil)
    let found5 = policy.delay(after: failure(.noStatus), random: 0)
    #expect(found5 == nil)
  }

  @Test func `what may have acted is not tried again`() {
    var policy = RetryPolicy(maximumRetries: 5, hasSideEffects: true)
    let found6 = policy.delay(after: failure(.noStatus), random: 0)
    #expect(found6 == nil)
  }

  @Test func `an answer that began is not asked for again`() {
    var policy = RetryPolicy(maximumRetries: 5, hasSideEffects: false)
    let found7 = policy.delay(after: failure(.answered), random: 0)
    #expect(found7 == nil)
  }

  @Test func `the upstream says whether and when`() {
    var policy = RetryPolicy(maximumRetries: 9, hasSideEffects: false)
    let wait = policy.delay(after: failure(.status(429), after: .seconds(7)), random: 0)
    #expect(wait == .seconds(7))
    let found8 = policy.delay(after: failure(.status(400), retryable: false), random: 0)
    #expect(found8 == nil)
    let asked = failure(.status(400), retryable: false, shouldRetry: true)
    let found9 = policy.delay(after: asked, random: 0)
    #expect(found9 != nil)
    let found10 = policy.delay(after: failure(.status(503), shouldRetry: false), random: 0)
    #expect(found10 == nil)
  }

  @Test func `a wait of more than two minutes is left to the client`() {
    var policy = RetryPolicy(maximumRetries: 9, hasSideEffects: false)
    let found11 = policy.delay(after: failure(.status(429), after: .seconds(121)), random: 0)
    #expect(found11 == nil)
  }

  @Test func `a delay never exceeds eight seconds`() {
    var policy = RetryPolicy(maximumRetries: 20, hasSideEffects: false)
    var longest = Duration.zero
    for _ in 0..<20 {
      longest = max(longest, policy.delay(after: failure(.notSent), random: 0.999) ?? .zero)
    }
    #expect(longest > .seconds(7) && longest <= .seconds(8))
  }

  @Test func `retries of an upstream are a tenth of its requests and one a second`() {
    var budget = RetryBudget()
    let now = LoopInstant(microseconds: 1_000_000_000)
    for _ in 0..<100 { budget.noteRequest(at: now) }
    var taken = 0
    while budget.takeRetry(at: now), taken < 1000 { taken += 1 }
    #expect(taken == 40)
    let isFree = budget.takeRetry(at: now + .seconds(31))
    #expect(isFree)
  }
}
