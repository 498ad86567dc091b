internal import Glibc

/// Makes directories of the user's own.
enum Directory {
  /// Makes a directory and those above it that are missing, with mode 0700.
  static func make(_ path: String) throws(SystemError) {
    var directory = path.hasPrefix("/") ? "" : "."
    for component in path.split(separator: "/") {
      directory += "/\(component)"
      if unsafe mkdir(directory, 0o700) != 0, errno != EEXIST { throw SystemError("mkdir") }
    }
  }
}
