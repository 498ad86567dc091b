internal import EventLoop
internal import Glibc

/// Reads a file that holds a secret.
enum KeyFile {
  /// Returns its bytes, one more than a key may have with its line end at most; nil where there
  /// is no such file.
  ///
  /// - Parameter isPrivate: refuses a file that others may read, or that is somebody else's.
  static func read(_ path: String, isPrivate: Bool) throws(KeyError) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw unreadable(path)
    }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw unreadable(path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw KeyError(
        .unreadable, "\(path) is no regular file", hint: "put the key into a file of its own")
    }
    if isPrivate { try check(status, path) }
    guard let bytes = FileBytes.read(descriptor, atMost: APIKey.maximumBytes + 3) else {
      throw unreadable(path)
    }
    return bytes
  }

  private static func check(_ status: stat, _ path: String) throws(KeyError) {
    guard status.st_mode & 0o077 == 0 else {
      throw KeyError(
        .insecure, "\(path) may be read or written by others (mode \(octal(status.st_mode)))",
        hint: "run: chmod 600 \(path)")
    }
    guard status.st_uid == geteuid() || status.st_uid == 0 else {
      throw KeyError(
        .insecure, "\(path) belongs to user \(status.st_uid)",
        hint: "a key file belongs to the daemon's user or to root")
    }
  }

  private static func octal(_ mode: mode_t) -> String {
    let digits = String(mode & 0o7777, radix: 8)
    return String(repeating: "0", count: max(4 - digits.utf8.count, 0)) + digits
  }

  private static func unreadable(_ path: String) -> KeyError {
    let reason = unsafe String(cString: strerror(errno))
    return KeyError(
      .unreadable, "\(path) can't be read: \(reason)", hint: "let the daemon's user read it")
  }
}
