internal import Glibc

/// The directories of the user's own.
enum Directory {
  /// The path without symbolic links, as far as there is something; nil for a relative one.
  static func real(_ path: String) -> String? {
    guard let slash = path.lastIndex(of: "/") else { return nil }
    guard let real = unsafe realpath(path, nil) else {
      return real(String(path[..<slash])).map { $0 + path[slash...] }
    }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }

  /// Makes a directory and those above it that are missing, with mode 0700.
  static func make(_ path: String) throws(SystemError) {
    var directory = path.hasPrefix("/") ? "" : "."
    for component in path.split(separator: "/") {
      directory += "/\(component)"
      if unsafe mkdir(directory, 0o700) != 0, errno != EEXIST { throw SystemError("mkdir") }
    }
  }
}
