package import CSpawn
internal import Glibc

/// A child that leads a process group of its own.
package struct SpawnedProcess {
  package struct SystemError: Error {
    package let number: Int32
  }

  package enum Exit: Equatable {
    case exited(Int32)
    case killed(Int32)
    /// It had to be killed.
    case late
  }

  package let pid: pid_t

  /// Starts a program with default signals and no other descriptors than the given ones
  /// (posix_spawn(3)).
  ///
  /// - Parameters:
  ///   - program: an absolute path.
  ///   - descriptors: what becomes 0, 1, 2 and so on; nil for /dev/null. At most one behind
  ///     stderr: a second could be overwritten before it is copied.
  package static func start(
    _ program: String, _ arguments: [String], environment: [String], descriptors: [Int32?]
  ) -> Result<SpawnedProcess, SystemError> {
    var actions = unsafe posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    for (target, descriptor) in zip(Int32(0)..., descriptors) {
      if let descriptor {
        unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, target)
      } else {
        unsafe posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
      }
    }
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, Int32(descriptors.count))
    setAttributes(&attributes)
    var pid: pid_t = 0
    let status = unsafe withCStrings(arguments) { argv in
      unsafe withCStrings(environment) { envp in
        unsafe posix_spawn(&pid, program, &actions, &attributes, argv, envp)
      }
    }
    return status == 0 ? .success(SpawnedProcess(pid: pid)) : .failure(SystemError(number: status))
  }

  /// Calls back with texts as C has them: terminated, the list too.
  private static func withCStrings<Result>(
    _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = unsafe texts.map { unsafe strdup($0) }
    defer { unsafe copies.forEach { unsafe free($0) } }
    return unsafe body(copies + [nil])
  }

  private static func setAttributes(_ attributes: inout posix_spawnattr_t) {
    var none = sigset_t()
    var all = sigset_t()
    unsafe sigemptyset(&none)
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
  }

  /// Waits for its end, kills what is left of its group, and reaps it.
  package func end(by deadline: ContinuousClock.Instant) -> Exit {
    var isLate = false
    while !hasEnded {
      guard ContinuousClock.now < deadline else {
        isLate = true
        break
      }
      // The end of the output comes with the end of the program, or a moment before.
      usleep(1000)
    }
    // It is not reaped yet, so its number can't belong to anybody else.
    kill(-pid, SIGKILL)
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
    if isLate { return .late }
    return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(status & 0x7F)
  }

  private var hasEnded: Bool {
    var information = unsafe siginfo_t()
    let result = unsafe waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT)
    return unsafe result != 0 || information.si_signo != 0
  }

  /// What poll(2) should wait at most.
  static func milliseconds(until end: ContinuousClock.Instant) -> Int32 {
    let left = (end - .now).components
    return Int32(clamping: max(left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000, 0))
  }
}
