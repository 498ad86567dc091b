internal import Glibc

/// The signals that end the program.
@safe struct EndSignals {
  private var set = sigset_t()

  init() {
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, SIGTERM)
    unsafe sigaddset(&set, SIGINT)
  }

  /// Keeps the signals from this thread and those that it starts.
  func block() {
    var set = set
    _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  func wait() {
    var set = set
    var number: Int32 = 0
    while unsafe sigwait(&set, &number) != 0 {}
  }
}
