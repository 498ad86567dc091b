import CSpawn
import Glibc
import Testing

/// One run of the real `halley`.
final class HalleyRun {
  enum Input {
    case nothing
    /// Written at once, then closed.
    case text(String)
    /// A pipe that the test writes to, or leaves silent.
    case open
    case file(String)
  }

  struct End: Equatable {
    let status: Int32
    let output: String
    let error: String
  }

  private let process: pid_t
  private var input: Int32 = -1
  private var output: Int32
  private var error: Int32
  private var outputBytes: [UInt8] = []
  private var errorBytes: [UInt8] = []
  private var isReaped = false

  /// The binary of this build, which stands beside the test bundle.
  static let binary: String = {
    var buffer = [CChar](repeating: 0, count: 4_096)
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
    let own = String(
      decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/halley"
  }()

  init(
    _ arguments: [String], _ input: Input = .nothing, socket: String? = nil,
    environment: [String: String] = [:], leadsSession: Bool = false
  ) throws {
    let stdin = try Self.stdin(input)
    let stdout = Self.pipe()
    let stderr = Self.pipe()
    self.input = stdin.writing
    output = stdout.reading
    error = stderr.reading
    var variables = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TERM": "xterm"]
    if let socket { variables["HALLEY_SOCKET"] = socket }
    variables.merge(environment) { $1 }
    process = try Spawn.run(
      [Self.binary] + arguments, variables, stdin.reading, stdout.writing, stderr.writing,
      leadsSession: leadsSession)
    close(stdin.reading)
    close(stdout.writing)
    close(stderr.writing)
    if case .text(let text) = input {
      write(text)
      closeInput()
    }
  }

  deinit {
    for descriptor in [input, output, error] where descriptor >= 0 { close(descriptor) }
    guard !isReaped else { return }
    kill(process, SIGKILL)
    var status: Int32 = 0
    unsafe waitpid(process, &status, 0)
  }

  func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = unsafe Glibc.write(input, bytes, bytes.count)
  }

  func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  func signal(_ number: Int32) { kill(process, number) }

  /// Closes the reading end of its stdout.
  func stopReading() {
    close(output)
    output = -1
  }

  /// Waits until stdout has begun with a text.
  func awaitOutput(_ text: String) -> Bool {
    Self.fill(&outputBytes, from: output) { $0.starts(with: text.utf8) }
  }

  /// Waits until stderr holds a text.
  func awaitError(_ text: String) -> Bool {
    Self.fill(&errorBytes, from: error) { String(decoding: $0, as: UTF8.self).contains(text) }
  }

  /// Waits for the end; a run that was killed by a signal has its negative number as status.
  func end() -> End {
    let hasEnded = Self.readToEnd(&outputBytes, output) && Self.readToEnd(&errorBytes, error)
    if !hasEnded { kill(process, SIGKILL) }
    return End(
      status: reap(), output: String(decoding: outputBytes, as: UTF8.self),
      error: String(decoding: errorBytes, as: UTF8.self))
  }

  private func reap() -> Int32 {
    var status: Int32 = 0
    unsafe waitpid(process, &status, 0)
    isReaped = true
    return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
  }

  /// Whether the end came in time.
  private static func readToEnd(_ bytes: inout [UInt8], _ descriptor: Int32) -> Bool {
    guard descriptor >= 0 else { return true }
    _ = fill(&bytes, from: descriptor) { _ in false }
    return Deadline.isReadable(descriptor, within: 0)
  }

  private static func fill(
    _ bytes: inout [UInt8], from descriptor: Int32, until isEnough: ([UInt8]) -> Bool
  ) -> Bool {
    while !isEnough(bytes) {
      guard descriptor >= 0, Deadline.isReadable(descriptor) else { return false }
      var chunk = [UInt8](repeating: 0, count: 65_536)
      let count = unsafe read(descriptor, &chunk, chunk.count)
      guard count > 0 else { return false }
      bytes += chunk[..<count]
    }
    return true
  }

  private static func stdin(_ input: Input) throws -> (reading: Int32, writing: Int32) {
    switch input {
    case .nothing: return (unsafe open("/dev/null", O_RDONLY | O_CLOEXEC), -1)
    case .file(let path): return (unsafe open(path, O_RDONLY | O_CLOEXEC), -1)
    case .text, .open: return pipe()
    }
  }

  private static func pipe() -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else { fatalError("pipe2: errno \(errno)") }
    return (ends[0], ends[1])
  }
}

/// Starts programs with nothing inherited but three descriptors.
enum Spawn {
  struct Failed: Error {
    let number: Int32
  }

  static func run(
    _ arguments: [String], _ environment: [String: String], _ input: Int32, _ output: Int32,
    _ error: Int32, leadsSession: Bool
  ) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (from, to) in [(input, Int32(0)), (output, 1), (error, 2)] {
      unsafe posix_spawn_file_actions_adddup2(&actions, from, to)
    }
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    if leadsSession { unsafe posix_spawnattr_setflags(&attributes, newSession) }
    return unsafe try spawn(arguments, environment, &actions, &attributes)
  }

  /// POSIX_SPAWN_SETSID, which glibc declares under _GNU_SOURCE only.
  private static let newSession: Int16 = 0x80

  /// Starts a program as the leader of a session whose terminal is the one of a path.
  static func run(
    _ arguments: [String], _ environment: [String: String], onTerminal path: String
  ) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for descriptor in Int32(0)...2 {
      unsafe posix_spawn_file_actions_addopen(&actions, descriptor, path, O_RDWR, 0)
    }
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe posix_spawnattr_setflags(&attributes, newSession)
    return unsafe try spawn(arguments, environment, &actions, &attributes)
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String: String],
    _ actions: inout posix_spawn_file_actions_t, _ attributes: inout posix_spawnattr_t
  ) throws -> pid_t {
    let words = unsafe strings(arguments)
    let variables = unsafe strings(environment.map { "\($0)=\($1)" })
    defer { unsafe (words + variables).forEach { unsafe free($0) } }
    var process: pid_t = 0
    let number = unsafe posix_spawn(
      &process, arguments[0], &actions, &attributes, words, variables)
    guard number == 0 else { throw Failed(number: number) }
    return process
  }

  private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe texts.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    return unsafe pointers
  }
}
