package import _Concurrency
internal import CSystemd

/// The one thread on which every piece of the daemon's state lives.
///
/// As a global actor it isolates that state by the compiler; its executor is a libsystemd event
/// loop. The actor itself holds no state.
@globalActor
package actor EventLoop {
  package static let shared = EventLoop()

  package nonisolated let executor = LoopExecutor()

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe executor.asUnownedSerialExecutor()
  }

  private init() {}

  /// Starts concurrent work on the loop. The only way to do so: a bare `Task` would resume on the
  /// global pool, with threads of its own.
  @discardableResult
  package static func start(
    _ body: @escaping @Sendable @EventLoop () async -> Void
  ) -> Task<Void, Never> {
    Task(executorPreference: shared.executor, operation: body)
  }

  /// Runs the loop on the calling thread until `stop()`.
  package static nonisolated func run() throws(LoopError) {
    try shared.executor.run()
  }

  /// Makes `run()` return at the end of this turn.
  package static func stop() {
    shared.executor.stop()
  }

  /// Runs a closure once, after the events and jobs of this turn. It is where output is flushed and
  /// where libcurl is called after its own callbacks.
  package static func atEndOfTurn(_ body: @escaping @EventLoop () -> Void) {
    shared.executor.atEndOfTurn(body)
  }

  /// Calls back for every turn that kept everything else waiting for longer than
  /// `LoopExecutor.slowTurn`.
  package static func onSlowTurn(_ handler: @escaping @EventLoop (Duration) -> Void) {
    shared.executor.onSlowTurn(handler)
  }

  /// Pings systemd's watchdog from the loop, where the unit asks for it (sd_event_set_watchdog(3)).
  ///
  /// - Returns: whether a watchdog is on.
  @discardableResult
  package static func enableWatchdog() throws(LoopError) -> Bool {
    try LoopError.check(
      unsafe sd_event_set_watchdog(shared.executor.event, 1), "sd_event_set_watchdog") > 0
  }

  /// The monotonic time at which this turn began.
  package static var now: LoopInstant {
    LoopInstant(microseconds: shared.executor.nowMicroseconds())
  }

  /// Enters the actor from a C callback, which libsystemd and libcurl make on the loop's thread.
  package static nonisolated func assumeIsolated<Result>(
    _ body: @EventLoop () -> Result
  ) -> Result {
    shared.executor.checkIsolated()
    return withoutActuallyEscaping(body) { escaping in
      unsafe unsafeBitCast(escaping, to: (() -> Result).self)()
    }
  }

  /// Runs blocking work on a thread of its own and resumes on the loop.
  package static func offload<Value: Sendable>(
    _ body: @escaping @Sendable () -> Value
  ) async -> Value {
    unsafe await withUnsafeContinuation { continuation in
      let thread = WorkerThread.start(name: "halleyd-work") {
        unsafe continuation.resume(returning: body())
      }
      if !thread { unsafe continuation.resume(returning: body()) }
    }
  }
}

/// A point of CLOCK_MONOTONIC.
package struct LoopInstant: Comparable, Sendable {
  package let microseconds: UInt64

  package init(microseconds: UInt64) {
    self.microseconds = microseconds
  }

  package static func < (left: LoopInstant, right: LoopInstant) -> Bool {
    left.microseconds < right.microseconds
  }

  package static func - (left: LoopInstant, right: LoopInstant) -> Duration {
    .microseconds(Int64(clamping: left.microseconds) - Int64(clamping: right.microseconds))
  }

  package static func + (instant: LoopInstant, duration: Duration) -> LoopInstant {
    LoopInstant(microseconds: instant.microseconds.addingSaturating(duration.wholeMicroseconds))
  }
}

extension Duration {
  /// Whole microseconds, 0 for a negative duration and as many as there can be for a longer one.
  package var wholeMicroseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (whole, isOver) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000)
    return isOver ? .max : whole.addingSaturating(UInt64(attoseconds / 1_000_000_000_000))
  }

  /// Milliseconds with their fraction.
  package var milliseconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) * 1000 + Double(attoseconds) / 1e15
  }
}
