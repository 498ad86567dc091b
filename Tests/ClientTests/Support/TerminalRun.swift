import CSpawn
import Glibc
import Testing

/// One run of the real `halley` on a terminal of its own.
final class TerminalRun {
  private let controller: Int32
  private let process: pid_t
  private var bytes: [UInt8] = []
  private var isReaped = false

  init(_ arguments: [String], socket: String, environment: [String: String] = [:]) throws {
    var controller: Int32 = -1
    var terminal: Int32 = -1
    var name = [CChar](repeating: 0, count: 64)
    guard unsafe openpty(&controller, &terminal, &name, nil, nil) == 0 else {
      fatalError("openpty: errno \(errno)")
    }
    defer { close(terminal) }
    _ = fcntl(controller, F_SETFD, FD_CLOEXEC)
    self.controller = controller
    var variables = [
      "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TERM": "xterm", "HALLEY_SOCKET": socket,
    ]
    variables.merge(environment) { $1 }
    process = try Spawn.run(
      [HalleyRun.binary] + arguments, variables,
      onTerminal: String(decoding: name.prefix { $0 != 0 }.map { UInt8($0) }, as: UTF8.self))
  }

  deinit {
    close(controller)
    guard !isReaped else { return }
    kill(process, SIGKILL)
    var status: Int32 = 0
    unsafe waitpid(process, &status, 0)
  }

  /// What was shown so far, with the terminal's CR LF as LF.
  var screen: String {
    String(decoding: bytes.filter { $0 != 0x0D }, as: UTF8.self)
  }

  func signal(_ number: Int32) { kill(process, number) }

  /// Whether the terminal echoes, as it does when nobody has changed it.
  var showsWhatIsTyped: Bool {
    var settings = termios()
    return unsafe tcgetattr(controller, &settings) == 0
      && settings.c_lflag & tcflag_t(ECHO | ICANON) == tcflag_t(ECHO | ICANON)
  }

  func type(_ text: String) {
    let keys = Array(text.utf8)
    _ = unsafe write(controller, keys, keys.count)
  }

  /// Waits until the screen has shown a text so many times.
  func await(_ text: String, times: Int = 1) -> Bool {
    while screen.ranges(of: text).count < times {
      guard readSome() else { return false }
    }
    return true
  }

  /// Waits for the end and returns the exit status; what does not end in time is killed.
  func end() -> Int32 {
    while readSome() {}
    if Deadline.isReadable(controller, within: 0) == false { kill(process, SIGKILL) }
    var status: Int32 = 0
    unsafe waitpid(process, &status, 0)
    isReaped = true
    return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
  }

  /// A terminal without any program left reads as EIO.
  private func readSome() -> Bool {
    guard Deadline.isReadable(controller) else { return false }
    var chunk = [UInt8](repeating: 0, count: 4_096)
    let count = unsafe read(controller, &chunk, chunk.count)
    guard count > 0 else { return false }
    bytes += chunk[..<count]
    return true
  }
}
