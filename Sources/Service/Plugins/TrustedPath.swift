internal import Glibc

/// Tells whether a program could be replaced by somebody else than root and the daemon's user.
///
/// Every directory on the way to it counts, those of symbolic links too: who may write to one of
/// them chooses what runs.
package enum TrustedPath {
  /// As many symbolic links as the kernel follows (path_resolution(7)).
  private static let mostLinks = 40

  /// Why a program is not run.
  package struct Refusal: Error, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// Blocks: it asks the file system.
  package static func check(program path: String) throws(Refusal) {
    guard path.hasPrefix("/") else { throw Refusal(description: "\(path) is no absolute path") }
    var links = 0
    var current = ""
    var rest = steps(path)
    try check(directory: "/")
    while let step = rest.popLast() {
      if step == ".." {
        current = parent(of: current)
        continue
      }
      let next = "\(current)/\(step)"
      let status = try status(of: next)
      if status.st_mode & S_IFMT == S_IFLNK {
        links += 1
        guard links <= mostLinks else { throw Refusal(description: "\(path) is a link to itself") }
        let target = try target(of: next)
        if target.hasPrefix("/") { current = "" }
        rest += steps(target)
      } else {
        current = next
        if rest.isEmpty { try check(program: status, next) } else { try check(status, next) }
      }
    }
  }

  /// The names on a path, the first of them last.
  private static func steps(_ path: String) -> [Substring] {
    path.split(separator: "/").filter { $0 != "." }.reversed()
  }

  private static func parent(of path: String) -> String {
    String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  }

  private static func check(directory path: String) throws(Refusal) {
    try check(try status(of: path), path)
  }

  private static func check(program status: stat, _ path: String) throws(Refusal) {
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Refusal(description: "\(path) is no regular file")
    }
    try check(status, path)
    guard unsafe access(path, X_OK) == 0 else {
      throw Refusal(description: "\(path) may not be executed")
    }
  }

  /// In a directory with the sticky bit, such as /tmp, others can't replace what is not theirs.
  private static func check(_ status: stat, _ path: String) throws(Refusal) {
    guard owners.contains(status.st_uid) else {
      throw Refusal(
        description: "\(path) belongs to user \(status.st_uid), root or the daemon's was expected")
    }
    let isSticky =
      status.st_mode & S_IFMT == S_IFDIR && status.st_mode & mode_t(S_ISVTX) != 0
    guard isSticky || status.st_mode & 0o022 == 0 else {
      throw Refusal(
        description: "\(path) may be written by others (mode \(octal(status.st_mode)))")
    }
  }

  /// Whoever owns `/` can replace anything. It is root, also where a user namespace shows root under
  /// another number.
  private static var owners: Set<uid_t> {
    var root = stat()
    let isKnown = unsafe stat("/", &root) == 0
    return isKnown ? [0, geteuid(), root.st_uid] : [0, geteuid()]
  }

  private static func status(of path: String) throws(Refusal) -> stat {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else {
      let reason = unsafe String(cString: strerror(errno))
      throw Refusal(description: "\(path): \(reason)")
    }
    return status
  }

  private static func target(of path: String) throws(Refusal) -> String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe buffer.withUnsafeMutableBytes { bytes in
      unsafe bytes.baseAddress.map { unsafe readlink(path, $0, bytes.count) } ?? -1
    }
    guard count > 0 else { throw Refusal(description: "\(path) is a link that can't be read") }
    return String(decoding: buffer[..<count], as: UTF8.self)
  }

  private static func octal(_ mode: mode_t) -> String {
    String(mode & 0o7777, radix: 8)
  }
}
