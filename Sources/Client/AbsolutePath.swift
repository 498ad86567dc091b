internal import Glibc

/// Paths for another process, which has a working directory of its own.
package enum AbsolutePath {
  /// - Throws: where the working directory is gone, and for a name that no file can have.
  package static func of(_ path: String) throws(Failure) -> String {
    guard !path.isEmpty, !path.hasSuffix("/") else {
      throw .usage("\"\(path)\" names no file, a path such as halley-backup.db was expected")
    }
    if path.hasPrefix("/") { return path }
    guard let directory = unsafe getcwd(nil, 0) else {
      throw Failure(.failed, "the working directory is gone; give an absolute path")
    }
    defer { unsafe free(directory) }
    let start = unsafe String(cString: directory)
    return start == "/" ? "/\(path)" : "\(start)/\(path)"
  }

  /// Whether there is something of that name.
  package static func isThere(_ path: String) -> Bool {
    unsafe access(path, F_OK) == 0
  }
}
