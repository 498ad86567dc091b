internal import Glibc

/// Reads whole files.
package enum FileContents {
  /// Reads a file to its end; a pipe such as the shell's `<(…)` too. EFBIG where it is too long.
  package static func read(
    _ path: String, _ limit: InputLimit = InputLimit()
  ) throws(SystemError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw SystemError("open") }
    defer { close(descriptor) }
    return try read(descriptor, limit)
  }

  private static func read(
    _ descriptor: Int32, _ limit: InputLimit
  ) throws(SystemError) -> [UInt8] {
    var contents: [UInt8] = []
    while try readSome(descriptor, into: &contents, limit) {}
    return contents
  }

  /// Reads what is there, up to 64 KiB; false at the end of the file, EFBIG beyond the limit.
  static func readSome(
    _ descriptor: Int32, into contents: inout [UInt8], _ limit: InputLimit
  ) throws(SystemError) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe chunk.withUnsafeMutableBytes {
      unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
    }
    guard count >= 0 else {
      if errno == EINTR || errno == EAGAIN { return true }
      throw SystemError("read")
    }
    contents.append(contentsOf: chunk[..<count])
    guard limit.allows(contents.count) else { throw SystemError("read", EFBIG) }
    return count > 0
  }

  /// Writes a file in place of any other: it has mode 0600 and takes its name when it is whole.
  package static func replace(_ path: String, with bytes: [UInt8]) throws(SystemError) {
    let draft = "\(path).\(getpid())~"
    defer { unsafe unlink(draft) }
    try create(draft, bytes)
    guard unsafe rename(draft, path) == 0 else { throw SystemError("rename") }
  }

  /// Writes a file that must not be there yet, with mode 0600.
  package static func create(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
    let descriptor = unsafe open(
      path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SystemError("open") }
    defer { close(descriptor) }
    try write(bytes, descriptor)
    guard fsync(descriptor) == 0 else { throw SystemError("fsync") }
  }

  package static func remove(_ path: String) throws(SystemError) {
    guard unsafe unlink(path) == 0 else { throw SystemError("unlink") }
  }

  /// Writes a file of the user's own, in directories that are made for it.
  package static func createOwn(
    _ path: String, _ text: String, replaces: Bool = false
  ) throws(Failure) {
    do throws(SystemError) {
      if let slash = path.lastIndex(of: "/") { try Directory.make(String(path[..<slash])) }
      if replaces {
        try replace(path, with: Array(text.utf8))
      } else {
        try create(path, Array(text.utf8))
      }
    } catch {
      throw Failure(.failed, "\(path) can't be written: \(error.reason)")
    }
  }

  /// Writes to a file to the last byte.
  static func write(_ bytes: [UInt8], _ descriptor: Int32) throws(SystemError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SystemError("write", count < 0 ? errno : ENOSPC) }
      rest = rest.dropFirst(count)
    }
  }

  /// Reads a file that is to be sent; one that is missing or too long ends the command with status
  /// 66.
  package static func readInput(
    _ path: String, _ limit: InputLimit = InputLimit()
  ) throws(Failure) -> [UInt8] {
    do throws(SystemError) {
      return try read(path, limit)
    } catch {
      throw limit.failure(error, reading: path)
    }
  }

  /// Reads a file that must be UTF-8 text.
  package static func readText(_ path: String, _ limit: InputLimit) throws(Failure) -> String {
    try text(of: readInput(path, limit), from: path)
  }

  /// Reads stdin to its end, whatever it is.
  package static func readStandardInput() throws(Failure) -> [UInt8] {
    let limit = InputLimit()
    do throws(SystemError) {
      return try read(STDIN_FILENO, limit)
    } catch {
      throw limit.failure(error, reading: "stdin")
    }
  }

  /// Takes bytes as text; what is not UTF-8 is refused rather than repaired.
  static func text(of bytes: [UInt8], from name: String) throws(Failure) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .usage(
        "\(name) is not UTF-8 text",
        advice: "send it as an attachment: -a \(name == "stdin" ? "-" : name)")
    }
    return text
  }
}
