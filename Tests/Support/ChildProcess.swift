internal import CSpawn
internal import Glibc

/// A program that a test started; it does not outlive this object.
///
/// Its output goes into files, so that nobody has to read for it to go on.
package final class ChildProcess {
  package enum Input {
    case nothing
    case bytes([UInt8])
    /// A pipe that is written to, or left silent, and closed with `closeInput`.
    case open
  }

  package struct Ended: Sendable {
    /// The exit status; the negative number of the signal that killed it.
    package let status: Int32
    package let output: String
    package let error: String
  }

  package let identifier: Int32
  private let scratch: Scratch
  private var input: Int32 = -1
  /// The reading end of stdout, where that is a pipe.
  private var output: Int32 = -1
  private var status: Int32?

  /// - Parameter readsOutput: whether stdout is a pipe, to be read with `readLine`.
  package init(
    _ arguments: [String], environment: [String: String] = [:], input: Input = .nothing,
    readsOutput: Bool = false
  ) throws {
    scratch = try Scratch()
    let stdin = try Self.open(input, scratch)
    defer { close(stdin.reading) }
    self.input = stdin.writing
    var stdout = Self.create("\(scratch.path)/out")
    if readsOutput {
      close(stdout)
      let pipe = try Pipe()
      (output, stdout) = (pipe.reading, pipe.writing)
    }
    defer { close(stdout) }
    let stderr = Self.create("\(scratch.path)/err")
    defer { close(stderr) }
    var variables = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"]
    variables.merge(environment) { $1 }
    identifier = try Self.spawn(arguments, variables, [stdin.reading, stdout, stderr])
  }

  deinit {
    for descriptor in [input, output] where descriptor >= 0 { close(descriptor) }
    guard status == nil else { return }
    kill(identifier, SIGKILL)
    var status: Int32 = 0
    while unsafe waitpid(identifier, &status, 0) < 0, errno == EINTR {}
  }

  // MARK: Talking to it

  package func write(_ text: String) throws {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(input, $0.baseAddress, $0.count)
      }
      guard count > 0 else { throw SupportError("write to a program: errno \(errno)") }
      rest = rest.dropFirst(count)
    }
  }

  package func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  /// The next line of its stdout, where that is a pipe.
  package func readLine() throws -> [UInt8] {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while true {
      guard Wait.isReadable(output), unsafe read(output, &byte, 1) == 1 else {
        throw SupportError("a program said nothing; its stderr: \(errorText)")
      }
      if byte == UInt8(ascii: "\n") { return line }
      line.append(byte)
    }
  }

  /// What it has written to stdout, where that is a file.
  package var outputText: String { text("out") }

  package var errorText: String { text("err") }

  private func text(_ name: String) -> String {
    do { return try TextFile.text("\(scratch.path)/\(name)") } catch { return "\(error)" }
  }

  // MARK: Its end

  package func signal(_ number: Int32) { kill(identifier, number) }

  package var isRunning: Bool {
    guard status == nil else { return false }
    var status: Int32 = 0
    guard unsafe waitpid(identifier, &status, WNOHANG) == identifier else { return true }
    self.status = status
    return false
  }

  /// Waits for its end.
  package func wait(limit: Duration = Wait.limit) throws -> Ended {
    do {
      try Wait.until("the end of a program", limit: limit) { !isRunning }
    } catch {
      throw SupportError("\(error); its stderr: \(errorText)")
    }
    let status = status ?? 0
    return Ended(
      status: status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F), output: outputText,
      error: errorText)
  }

  // MARK: Starting

  private static func open(_ input: Input, _ scratch: Scratch) throws -> (
    reading: Int32, writing: Int32
  ) {
    switch input {
    case .nothing: return (unsafe Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC), -1)
    case .bytes(let bytes):
      let path = try scratch.write("in", bytes)
      return (unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC), -1)
    case .open:
      let pipe = try Pipe()
      return (pipe.reading, pipe.writing)
    }
  }

  private static func create(_ path: String) -> Int32 {
    unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String: String], _ descriptors: [Int32]
  ) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (target, descriptor) in descriptors.enumerated() {
      unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(target))
    }
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, Int32(descriptors.count))
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    setDefaultSignals(&attributes)
    let words = unsafe strings(arguments)
    let variables = unsafe strings(environment.map { "\($0)=\($1)" })
    defer { unsafe (words + variables).forEach { unsafe free($0) } }
    var identifier: pid_t = 0
    let number = unsafe posix_spawnp(
      &identifier, arguments[0], &actions, &attributes, words, variables)
    guard number == 0 else { throw SupportError("\(arguments[0]): errno \(number)") }
    return identifier
  }

  /// A shell that runs the tests in the background has them ignore SIGINT; what they start must not.
  private static func setDefaultSignals(_ attributes: inout posix_spawnattr_t) {
    var none = sigset_t()
    var all = sigset_t()
    unsafe sigemptyset(&none)
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
  }

  private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe texts.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    return unsafe pointers
  }
}

/// Runs a program to its end.
package func run(
  _ arguments: [String], input: String? = nil, environment: [String: String] = [:],
  limit: Duration = Wait.limit
) throws -> ChildProcess.Ended {
  let process = try ChildProcess(
    arguments, environment: environment,
    input: input.map { .bytes(Array($0.utf8)) } ?? .nothing)
  return try process.wait(limit: limit)
}
