internal import Glibc

/// A directory of a test's own, gone when the test is.
package final class Scratch: Sendable {
  package let path: String

  /// Makes the directory below /tmp, whose short path leaves room for a socket's name (unix(7)).
  package init() throws {
    var template = Array("/tmp/hly.XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw SupportError("mkdtemp: errno \(errno)") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { Self.remove(path) }

  /// Writes a file and returns its path.
  @discardableResult
  package func write(_ name: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws -> String {
    let file = "\(path)/\(name)"
    let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SupportError("\(file): errno \(errno)") }
    defer { close(descriptor) }
    guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count,
      fchmod(descriptor, mode) == 0
    else { throw SupportError("\(file): errno \(errno)") }
    return file
  }

  @discardableResult
  package func write(_ name: String, _ text: String, mode: UInt32 = 0o600) throws -> String {
    try write(name, Array(text.utf8), mode: mode)
  }

  package func makeDirectory(_ name: String, mode: UInt32 = 0o700) throws -> String {
    let directory = "\(path)/\(name)"
    guard unsafe mkdir(directory, 0o700) == 0, unsafe chmod(directory, mode) == 0 else {
      throw SupportError("\(directory): errno \(errno)")
    }
    return directory
  }

  private static func remove(_ path: String) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR, let directory = unsafe opendir(path) else {
      unsafe unlink(path)
      return
    }
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { remove("\(path)/\(name)") }
    }
    unsafe closedir(directory)
    unsafe rmdir(path)
  }
}
