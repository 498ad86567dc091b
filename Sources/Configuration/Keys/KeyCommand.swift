internal import CSpawn
internal import Glibc

/// A program that prints a key on the first line of its output.
///
/// It gets no shell, no input, no descriptor but its three, and an environment of the few
/// variables that password stores need. What it says on stderr goes to the daemon's.
struct KeyCommand {
  /// More than any key, with whatever a password store prints behind it.
  static let maximumOutputBytes = 65_536

  private static let passedVariables: Set<String> = [
    "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "GNUPGHOME", "HOME", "LANG", "LC_ALL", "LC_CTYPE",
    "LOGNAME", "PASSWORD_STORE_DIR", "PATH", "SSH_AUTH_SOCK", "TZ", "USER", "WAYLAND_DISPLAY",
    "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR",
  ]

  let arguments: [String]
  /// The daemon's; what the program gets is a part of it.
  let environment: [String: String]
  let deadline: Duration

  /// Returns what the program wrote, after it ended with status 0.
  func run() throws(KeyError) -> [UInt8] {
    let end = ContinuousClock.now + deadline
    var pipe: [Int32] = [-1, -1]
    guard unsafe pipe2(&pipe, O_CLOEXEC) == 0 else { throw failed("no pipe: \(reason(errno))") }
    let spawned = SpawnedProcess.start(
      arguments[0], arguments, environment: passedEnvironment,
      descriptors: [nil, pipe[1], STDERR_FILENO])
    close(pipe[1])
    defer { close(pipe[0]) }
    switch spawned {
    case .failure(let error): throw failed("can't be started: \(reason(error.number))")
    case .success(let process): return try collect(process, from: pipe[0], until: end)
    }
  }

  private var passedEnvironment: [String] {
    environment.filter { Self.passedVariables.contains($0.key) }
      .map { "\($0.key)=\($0.value)" }.sorted()
  }

  private func collect(
    _ process: SpawnedProcess, from descriptor: Int32, until end: ContinuousClock.Instant
  ) throws(KeyError) -> [UInt8] {
    let output = readToEnd(descriptor, until: end)
    let exit = process.end(by: output.isComplete ? end : .now)
    guard output.bytes.count <= Self.maximumOutputBytes else {
      throw failed("wrote more than \(Self.maximumOutputBytes) bytes")
    }
    switch exit {
    case .exited(0) where output.isComplete: return output.bytes
    case .exited(let status) where output.isComplete: throw failed("exited with status \(status)")
    case .killed(let signal) where output.isComplete: throw failed("was ended by signal \(signal)")
    default:
      throw KeyError(
        .commandTimedOut, "\(arguments[0]) did not end within \(DurationText.text(deadline))",
        hint: "run it by hand to see what it waits for; it gets no terminal and no input")
    }
  }

  /// Reads until the other end is closed, the deadline is reached, or it is too much.
  private func readToEnd(
    _ descriptor: Int32, until end: ContinuousClock.Instant
  ) -> (bytes: [UInt8], isComplete: Bool) {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while bytes.count <= Self.maximumOutputBytes {
      var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = unsafe Glibc.poll(&poll, 1, SpawnedProcess.milliseconds(until: end))
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else { return (bytes, false) }
      let count = unsafe chunk.withUnsafeMutableBytes {
        unsafe read(descriptor, $0.baseAddress, 4096)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return (bytes, count == 0) }
      bytes.append(contentsOf: chunk[..<count])
    }
    return (bytes, false)
  }

  private func failed(_ what: String) -> KeyError {
    KeyError(
      .commandFailed, "\(arguments[0]) \(what)",
      hint: "it should print the key on its first line and exit with status 0")
  }

  private func reason(_ number: Int32) -> String {
    unsafe String(cString: strerror(number))
  }
}
