internal import Configuration
internal import CSpawn
internal import EventLoop
internal import Glibc

/// Tells whether a program could be replaced by somebody else than root and the daemon's user.
///
/// Every directory on the way to it counts, those of symbolic links too: who may write to one of
/// them chooses what runs.
package struct TrustedPath {
  /// As many symbolic links as the kernel follows (path_resolution(7)).
  private static let mostLinks = 40

  /// Why a program is not run, and what would mend it.
  package struct Refusal: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ path: String, _ what: String, remedy: String) {
      description = "\(path) \(what): \(remedy)"
    }
  }

  /// The daemon's user.
  private let user = geteuid()
  /// The number shown for users that the daemon's user namespace does not map, root among them.
  private let overflowUser = Self.overflowUser
  private let privateGroup = PrivateGroup.number(of: geteuid())

  /// Blocks: it asks the file system and the user database.
  package static func check(program path: String) throws(Refusal) {
    try TrustedPath().check(program: path)
  }

  private func check(program path: String) throws(Refusal) {
    guard path.hasPrefix("/") else {
      throw Refusal(path, "is no absolute path", remedy: "begin command with one")
    }
    var links = 0
    var current = ""
    var rest = Self.steps(path)
    try check(directory: "/")
    while let step = rest.popLast() {
      if step == ".." {
        current = Self.parent(of: current)
        continue
      }
      let next = "\(current)/\(step)"
      let status = try status(of: next)
      if status.st_mode & S_IFMT == S_IFLNK {
        try check(owner: status.st_uid, next)
        links += 1
        guard links <= Self.mostLinks else {
          throw Refusal(path, "is a link to itself", remedy: "rm \(Self.quoted(path))")
        }
        let target = try target(of: next)
        if target.hasPrefix("/") { current = "" }
        rest += Self.steps(target)
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

  // MARK: What is asked of each step

  private func check(directory path: String) throws(Refusal) {
    try check(try status(of: path), path)
  }

  private func check(program status: stat, _ path: String) throws(Refusal) {
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Refusal(path, "is no regular file", remedy: "name a program in command")
    }
    try check(status, path)
    guard unsafe access(path, X_OK) == 0 else {
      throw Refusal(path, "may not be executed", remedy: command("chmod a+x", path, status.st_uid))
    }
  }

  private func check(_ status: stat, _ path: String) throws(Refusal) {
    try check(owner: status.st_uid, path)
    // In a directory with the sticky bit, such as /tmp, others can't replace what is not theirs.
    let isSticky = status.st_mode & S_IFMT == S_IFDIR && status.st_mode & 0o1000 != 0
    if !isSticky { try check(writers: status, path) }
  }

  private func check(owner: uid_t, _ path: String) throws(Refusal) {
    if owner == overflowUser {
      throw Refusal(
        path, "belongs to nobody (user \(owner))",
        remedy: "\(command("chown \(user)", path, owner)), or, where the daemon runs in a user "
          + "namespace, in which root is nobody too, take PrivateUsers= out of its unit")
    }
    guard owner == 0 || owner == user else {
      throw Refusal(
        path, "belongs to user \(owner), root or the daemon's was expected",
        remedy: command("chown \(user)", path, owner))
    }
  }

  private func check(writers status: stat, _ path: String) throws(Refusal) {
    let mode = status.st_mode
    let isPrivate = status.st_gid == privateGroup
    let classes = (mode & 0o020 != 0 && !isPrivate ? "g" : "") + (mode & 0o002 != 0 ? "o" : "")
    guard classes.isEmpty else {
      throw Refusal(
        path, "may be written by others (mode \(String(mode & 0o7777, radix: 8)))",
        remedy: command("chmod \(classes)-w", path, status.st_uid))
    }
    // Where there is an access list, the group's bits are the most that anybody in it may do.
    let hasList = unsafe lgetxattr(path, "system.posix_acl_access", nil, 0) > 0
    guard mode & 0o020 == 0 || !hasList else {
      throw Refusal(
        path, "may be written by others (it has an access list)",
        remedy: command("setfacl -b", path, status.st_uid))
    }
  }

  private func status(of path: String) throws(Refusal) -> stat {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else {
      let reason = unsafe String(cString: strerror(errno))
      throw Refusal(path, "can't be looked at (\(reason))", remedy: "correct command")
    }
    return status
  }

  private func target(of path: String) throws(Refusal) -> String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe buffer.withUnsafeMutableBytes { bytes in
      unsafe bytes.baseAddress.map { unsafe readlink(path, $0, bytes.count) } ?? -1
    }
    guard count > 0 else {
      throw Refusal(path, "is a link that can't be read", remedy: "correct command")
    }
    return String(decoding: buffer[..<count], as: UTF8.self)
  }

  // MARK: What would mend it

  /// - Parameter owner: who may change the path, beside root.
  private func command(_ words: String, _ path: String, _ owner: uid_t) -> String {
    let changesOwner = words.hasPrefix("chown")
    let sudo = user != 0 && (changesOwner || owner != user) ? "sudo " : ""
    return "\(sudo)\(words) \(Self.quoted(path))"
  }

  /// As a shell takes it for one word.
  private static func quoted(_ path: String) -> String {
    let isPlain = path.utf8.allSatisfy { $0.isASCIILetterOrDigit || "/._-+@%,:".utf8.contains($0) }
    guard !isPlain else { return path }
    let parts = path.split(separator: "'", omittingEmptySubsequences: false)
    return "'\(parts.joined(separator: "'\\''"))'"
  }

  private static var overflowUser: uid_t {
    let descriptor = unsafe open("/proc/sys/kernel/overflowuid", O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    let digits = FileBytes.read(descriptor, atMost: 16)?.dropLast() ?? []
    // The kernel's default, where it does not say.
    return uid_t(String(decoding: digits, as: UTF8.self)) ?? 65_534
  }
}
