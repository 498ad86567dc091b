internal import Glibc

/// Keeps what was typed in a chat: one entry a line, a line end within spelled `\n`, a backslash `\\`.
///
/// Several chats may add to it at a time.
package struct HistoryFile: Sendable {
  package static let mostEntries = 1_000
  private static let mostBytes = 1 << 20
  /// What is longer was pasted, and is not typed again.
  private static let longestEntry = 1 << 16

  package let path: String
  private let directory: String

  /// The user's own; nil where nothing says which directory it is in.
  package init?() {
    guard let directory = Environment.stateDirectory else { return nil }
    self.init(in: directory)
  }

  package init(in directory: String) {
    self.directory = directory
    path = directory + "/history"
  }

  /// The entries, oldest first; none where there is no file.
  package func load() throws(SystemError) -> [String] {
    do throws(SystemError) {
      return Self.entries(try FileContents.read(path))
    } catch {
      if error.number == ENOENT { return [] }
      throw error
    }
  }

  /// Adds an entry, and drops the oldest when the file has become half as large again as it is to be.
  package func append(_ entry: String) throws(SystemError) {
    guard entry.utf8.count <= Self.longestEntry else { return }
    try Directory.make(directory)
    let descriptor = try openLocked()
    defer { close(descriptor) }
    guard fchmod(descriptor, 0o600) == 0 else { throw SystemError("fchmod") }
    try FileContents.write(Array((Self.escape(entry) + "\n").utf8), descriptor)
    let lines = try FileContents.read(path).split(separator: 0x0A)
    let bytes = lines.reduce(0) { $0 + $1.count + 1 }
    guard lines.count > Self.mostEntries * 3 / 2 || bytes > Self.mostBytes * 3 / 2 else { return }
    try FileContents.replace(path, with: Self.newest(lines))
  }

  /// Opens and locks the file that has the name now: a chat that drops old entries gives it a new one.
  private func openLocked() throws(SystemError) -> Int32 {
    while true {
      let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw SystemError("open") }
      var opened = stat()
      var named = stat()
      if flock(descriptor, LOCK_EX) == 0, unsafe fstat(descriptor, &opened) == 0,
        unsafe stat(path, &named) == 0, opened.st_ino == named.st_ino
      {
        return descriptor
      }
      let number = errno
      close(descriptor)
      guard number == 0 || number == ENOENT || number == EINTR || opened.st_ino != named.st_ino
      else { throw SystemError("flock", number) }
    }
  }

  /// As many of the newest lines as are kept.
  private static func newest(_ lines: [ArraySlice<UInt8>]) -> [UInt8] {
    var bytes = 0
    let kept = lines.suffix(mostEntries).reversed().prefix { line in
      bytes += line.count + 1
      return bytes <= mostBytes
    }
    return kept.reversed().flatMap { $0 + [0x0A] }
  }

  private static func entries(_ bytes: [UInt8]) -> [String] {
    bytes.split(separator: 0x0A).map { unescape(String(decoding: $0, as: UTF8.self)) }
  }

  private static func escape(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
  }

  private static func unescape(_ line: String) -> String {
    var text = ""
    var isEscaped = false
    for character in line {
      if isEscaped {
        text.append(character == "n" ? "\n" : character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        text.append(character)
      }
    }
    return text
  }
}
