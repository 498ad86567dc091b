internal import Glibc

/// Reads whole files.
package enum FileContents {
  /// Reads a file to its end; a pipe such as the shell's `<(…)` too.
  package static func read(_ path: String) throws(SystemError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw SystemError("open") }
    defer { close(descriptor) }
    var contents: [UInt8] = []
    while try readSome(descriptor, into: &contents) {}
    return contents
  }

  /// Reads what is there, up to 64 KiB; false at the end of the file.
  static func readSome(_ descriptor: Int32, into contents: inout [UInt8]) throws(SystemError)
    -> Bool
  {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe chunk.withUnsafeMutableBytes {
      unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
    }
    guard count >= 0 else {
      if errno == EINTR || errno == EAGAIN { return true }
      throw SystemError("read")
    }
    contents.append(contentsOf: chunk[..<count])
    return count > 0
  }

  /// Reads a file that is to be sent; one that is missing ends the command with status 66.
  package static func readInput(_ path: String) throws(Failure) -> [UInt8] {
    do throws(SystemError) {
      return try read(path)
    } catch {
      throw Failure(.noInput, "\(path): \(error.reason)")
    }
  }

  /// Reads a file that must be UTF-8 text.
  package static func readText(_ path: String) throws(Failure) -> String {
    try text(of: readInput(path), from: path)
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
