internal import Glibc

/// Finds programs without a shell.
enum Executable {
  /// Returns the absolute path of a program; nil where there is none that may be run.
  ///
  /// - Parameter searchPath: as `$PATH`; relative directories in it are skipped, because they
  ///   would mean whatever directory the daemon happens to run in.
  static func find(_ program: String, in searchPath: String) -> String? {
    if program.hasPrefix("/") { return isExecutable(program) ? program : nil }
    guard !program.utf8.contains(UInt8(ascii: "/")) else { return nil }
    return searchPath.split(separator: ":").lazy
      .filter { $0.hasPrefix("/") }
      .map { "\($0)/\(program)" }
      .first(where: isExecutable)
  }

  private static func isExecutable(_ path: String) -> Bool {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    return unsafe access(path, X_OK) == 0
  }
}
