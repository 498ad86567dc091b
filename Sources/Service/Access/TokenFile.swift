internal import EventLoop
internal import Glibc
internal import Wire

/// The file that holds the first token of a user's service, beside its socket. Every method blocks.
package struct TokenFile: Sendable {
  package let path: String

  /// Beside a socket.
  package init(beside socket: String) {
    let end = socket.lastIndex(of: "/").map { socket.index(after: $0) } ?? socket.startIndex
    path = socket[..<end] + "http-token"
  }

  /// The token in it; nil where there is none, or where others may have read or written it.
  package func read() -> String? {
    let descriptor = unsafe open(
      path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { return nil }
    defer { Glibc.close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_mode & 0o077 == 0, status.st_uid == geteuid(),
      let bytes = FileBytes.read(descriptor, atMost: 256)
    else { return nil }
    return String(decoding: bytes.last == 0x0A ? bytes.dropLast() : bytes, as: UTF8.self)
  }

  /// Writes a token in place of any other: the file takes its name when it is whole, and never is
  /// for anybody but its owner.
  func write(_ token: String) throws(RPCError) {
    let draft = "\(path).\(getpid())~"
    // One of a daemon that had this number and was killed meanwhile.
    unsafe _ = unlink(draft)
    defer { unsafe _ = unlink(draft) }
    let descriptor = unsafe open(
      draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure() }
    let bytes = Array("\(token)\n".utf8)
    let count = unsafe Glibc.write(descriptor, bytes, bytes.count)
    let isWritten = count == bytes.count && fchmod(descriptor, 0o600) == 0
    Glibc.close(descriptor)
    guard isWritten, unsafe rename(draft, path) == 0 else { throw failure() }
  }

  /// Removes it, where it is there.
  func remove() throws(RPCError) {
    guard unsafe unlink(path) == 0 || errno == ENOENT else { throw failure("removed") }
  }

  private func failure(_ what: String = "written") -> RPCError {
    let reason = unsafe String(cString: strerror(errno))
    return RPCError(.storage, "\(path) can't be \(what): \(reason)")
  }
}
