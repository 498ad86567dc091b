internal import CSystemd
internal import Glibc

/// Starts POSIX threads for what must not run on the loop.
enum WorkerThread {
  private final class Body {
    let run: @Sendable () -> Void
    let name: String
    init(name: String, _ run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }

  /// Runs a closure on a new detached thread that takes no signals.
  ///
  /// - Parameter name: at most 15 bytes, for ps(1) and debuggers.
  /// - Returns: whether a thread could be had.
  static func start(name: String, _ run: @escaping @Sendable () -> Void) -> Bool {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe _ = pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let body = unsafe Unmanaged.passRetained(Body(name: name, run))
    let result = unsafe pthread_create(
      &thread, &attributes,
      { context in
        guard let context = unsafe context else { return nil }
        let body = unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
        unsafe pthread_setname_np(pthread_self(), body.name)
        body.run()
        return nil
      }, body.toOpaque())
    if result != 0 { unsafe body.release() }
    return result == 0
  }
}
