internal import Glibc
internal import Synchronization

/// Runs the store's actor on a thread of its own, so that a sync to disk delays nobody else.
///
/// After each round of jobs it calls back, which is where writes that gathered are committed
/// together.
@safe final class StoreThread: SerialExecutor, TaskExecutor, @unchecked Sendable {
  private struct State: ~Copyable {
    var jobs: [UnownedJob] = []
    var isAsleep = false
    var isStopping = false
  }

  private let state = Mutex(State())
  /// Posted to end the thread's sleep. It never moves and is safe to use from any thread, which is
  /// why this class is sendable.
  private let wakeUp: UnsafeMutablePointer<sem_t>
  private let thread = Atomic<UInt>(0)

  init() {
    unsafe wakeUp = .allocate(capacity: 1)
    unsafe sem_init(wakeUp, 0, 0)
  }

  deinit {
    unsafe sem_destroy(wakeUp)
    unsafe wakeUp.deallocate()
  }

  /// Starts the thread.
  ///
  /// - Parameter betweenRounds: called on the thread whenever the jobs that were waiting have run,
  ///   and, then quiet, when the sleep that it asked for is over. It returns how long the thread may
  ///   sleep when nothing comes; nil for as long as it takes.
  func start(betweenRounds: @escaping @Sendable (_ isQuiet: Bool) -> Duration?) throws(StoreError) {
    let entry = unsafe Unmanaged.passRetained(Entry(thread: self, betweenRounds: betweenRounds))
    var thread = pthread_t()
    let code = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<Entry>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, entry.toOpaque())
    guard code == 0 else {
      unsafe entry.release()
      throw StoreError(.failed, "start the store", "pthread_create failed", systemError: code)
    }
    pthread_detach(thread)
  }

  /// Lets the thread end once no job waits. Called when the actor is gone.
  func stop() {
    state.withLock { $0.isStopping = true }
    wake()
  }

  // MARK: SerialExecutor

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let isAsleep = state.withLock { state in
      state.jobs.append(job)
      defer { state.isAsleep = false }
      return state.isAsleep
    }
    if isAsleep { wake() }
  }

  func checkIsolated() {
    precondition(isCurrent, "the store was entered on another thread than its own")
  }

  func isIsolatingCurrentContext() -> Bool? { isCurrent }

  private var isCurrent: Bool {
    thread.load(ordering: .relaxed) == UInt(pthread_self())
  }

  // MARK: The thread

  private final class Entry: Sendable {
    let thread: StoreThread
    let betweenRounds: @Sendable (_ isQuiet: Bool) -> Duration?

    init(thread: StoreThread, betweenRounds: @escaping @Sendable (_ isQuiet: Bool) -> Duration?) {
      self.thread = thread
      self.betweenRounds = betweenRounds
    }

    func run() {
      thread.thread.store(UInt(pthread_self()), ordering: .relaxed)
      while let jobs = thread.takeJobs() {
        for job in jobs { thread.run(job) }
        thread.sleep(atMost: betweenRounds(jobs.isEmpty))
      }
    }
  }

  /// Runs a job as one of both executors, so that what a task of the store's own awaits goes on here:
  /// with no executor to prefer it would go on in a pool of threads.
  private func run(_ job: UnownedJob) {
    unsafe job.runSynchronously(
      isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
  }

  /// The jobs that wait; nil when the thread is to end.
  private func takeJobs() -> [UnownedJob]? {
    state.withLock { state in
      if state.jobs.isEmpty, state.isStopping { return nil }
      defer { state.jobs = [] }
      return state.jobs
    }
  }

  private func sleep(atMost duration: Duration?) {
    let mustSleep = state.withLock { state in
      state.isAsleep = state.jobs.isEmpty && !state.isStopping
      return state.isAsleep
    }
    guard mustSleep else { return }
    if let duration {
      var deadline = Self.deadline(in: duration)
      unsafe sem_timedwait(wakeUp, &deadline)
    } else {
      unsafe sem_wait(wakeUp)
    }
    state.withLock { $0.isAsleep = false }
  }

  private static func deadline(in duration: Duration) -> timespec {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    let (seconds, attoseconds) = duration.components
    let nanoseconds = Int64(now.tv_nsec) + attoseconds / 1_000_000_000
    return timespec(
      tv_sec: now.tv_sec + Int(seconds + nanoseconds / 1_000_000_000),
      tv_nsec: Int(nanoseconds % 1_000_000_000))
  }

  private func wake() {
    unsafe sem_post(wakeUp)
  }
}
