package import _Concurrency
internal import CSystemd
internal import Glibc
internal import Synchronization

/// Runs Swift jobs and sd-event sources in turns on one thread.
///
/// A turn: the jobs that are due, the closures for the end of the turn, one `sd_event_run`. Jobs
/// that the loop's own thread enqueues need no wake-up; others write an eventfd.
@safe package final class LoopExecutor: SerialExecutor, TaskExecutor, @unchecked Sendable {
  /// More than this many jobs in a row would keep I/O waiting.
  private static let mostJobsATurn = 512
  /// Closures that the end of a turn adds run once more in the same turn, so that output which
  /// libcurl makes there is flushed at once; later ones wait for the next turn.
  private static let mostEndings = 2
  /// A turn that takes longer is reported: everything else waited for it.
  package static let slowTurn: Duration = .milliseconds(20)

  private let jobs = Mutex<[UnownedJob]>([])
  private let threadID = Atomic<UInt>(0)
  private let wakeDescriptor: Int32
  let event: OpaquePointer

  // Touched on the loop's thread only.
  private var endOfTurn: [@EventLoop () -> Void] = []
  private var isStopping = false
  private var wakeSource: OpaquePointer?
  private var slowTurnHandler: (@EventLoop (Duration) -> Void)?

  init() {
    var event: OpaquePointer?
    let result = unsafe sd_event_new(&event)
    wakeDescriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    guard result >= 0, let event = unsafe event, wakeDescriptor >= 0 else {
      preconditionFailure("no memory or descriptors for an event loop")
    }
    unsafe self.event = event
  }

  // MARK: Executor

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
    if !isOnLoopThread { wake() }
  }

  package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    unsafe UnownedSerialExecutor(ordinary: self)
  }

  package func checkIsolated() {
    precondition(isOnLoopThread, "called off the loop's thread")
  }

  package func isIsolatingCurrentContext() -> Bool? { isOnLoopThread }

  private var isOnLoopThread: Bool {
    threadID.load(ordering: .relaxed) == UInt(pthread_self())
  }

  private func wake() {
    var one: UInt64 = 1
    _ = unsafe write(wakeDescriptor, &one, 8)
  }

  // MARK: Turns

  func run() throws(LoopError) {
    threadID.store(UInt(pthread_self()), ordering: .relaxed)
    isStopping = false
    try watchWakeDescriptor()
    while !isStopping {
      let started = monotonicMicroseconds()
      runJobs()
      runEndOfTurn()
      reportIfSlow(since: started)
      let isIdle = jobs.withLock { $0.isEmpty } && endOfTurn.isEmpty
      try dispatchEvents(timeout: isIdle && !isStopping ? .max : 0)
    }
  }

  /// One round of sd_event_prepare(3), sd_event_wait(3) and sd_event_dispatch(3), apart so that
  /// time spent waiting is told from time spent working.
  private func dispatchEvents(timeout: UInt64) throws(LoopError) {
    var ready = try LoopError.check(unsafe sd_event_prepare(event), "sd_event_prepare")
    if ready == 0 {
      ready = try LoopError.check(unsafe sd_event_wait(event, timeout), "sd_event_wait")
    }
    guard ready > 0 else { return }
    let started = monotonicMicroseconds()
    try LoopError.check(unsafe sd_event_dispatch(event), "sd_event_dispatch")
    reportIfSlow(since: started)
  }

  private func reportIfSlow(since started: UInt64) {
    let took = Duration.microseconds(Int64(monotonicMicroseconds() - started))
    guard took > Self.slowTurn, let slowTurnHandler else { return }
    EventLoop.assumeIsolated { slowTurnHandler(took) }
  }

  /// Says what to do with a turn that took longer than `slowTurn`.
  func onSlowTurn(_ handler: @escaping @EventLoop (Duration) -> Void) {
    slowTurnHandler = handler
  }

  func stop() {
    isStopping = true
  }

  func atEndOfTurn(_ body: @escaping @EventLoop () -> Void) {
    endOfTurn.append(body)
  }

  func nowMicroseconds() -> UInt64 {
    var now: UInt64 = 0
    guard unsafe sd_event_now(event, CLOCK_MONOTONIC, &now) >= 0 else {
      return monotonicMicroseconds()
    }
    return now
  }

  func monotonicMicroseconds() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
  }

  private func runJobs() {
    var batch = jobs.withLock { queued in
      let due = queued
      queued.removeAll(keepingCapacity: true)
      return due
    }
    var done = 0
    while !batch.isEmpty, done < Self.mostJobsATurn {
      for job in batch { run(job) }
      done += batch.count
      batch = jobs.withLock { queued in
        let due = queued
        queued.removeAll(keepingCapacity: true)
        return due
      }
    }
    guard !batch.isEmpty else { return }
    jobs.withLock { $0.insert(contentsOf: batch, at: 0) }
  }

  /// Runs a job as one of both executors, so that a task that prefers this one calls isolated code
  /// without passing through the queue.
  private func run(_ job: UnownedJob) {
    unsafe job.runSynchronously(
      isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
  }

  private func runEndOfTurn() {
    for _ in 0..<Self.mostEndings where !endOfTurn.isEmpty {
      let due = endOfTurn
      endOfTurn.removeAll(keepingCapacity: true)
      EventLoop.assumeIsolated { for body in due { body() } }
    }
  }

  private func watchWakeDescriptor() throws(LoopError) {
    guard unsafe wakeSource == nil else { return }
    var source: OpaquePointer?
    try LoopError.check(
      unsafe sd_event_add_io(
        event, &source, wakeDescriptor, UInt32(EPOLLIN.rawValue),
        { _, descriptor, _, _ in
          var count: UInt64 = 0
          _ = unsafe read(descriptor, &count, 8)
          return 0
        }, nil), "sd_event_add_io")
    unsafe wakeSource = source
  }
}
