internal import Glibc

/// Whether two paths of sockets lead to one place, whatever they are spelled like. Every function
/// blocks no longer than connect(2) does on the same path.
package enum SocketPath {
  package static func areSame(_ one: String, _ other: String) -> Bool {
    if one == other || resolved(one) == resolved(other) { return true }
    guard let one = identity(one), let other = identity(other) else { return false }
    return one == other
  }

  /// Without links, "." and ".."; of a socket that is not there yet, its directory so.
  private static func resolved(_ path: String) -> String {
    if let real = real(path) { return real }
    guard let slash = path.lastIndex(of: "/") else { return path }
    let directory = String(path[..<slash])
    let name = path[path.index(after: slash)...]
    return (real(directory.isEmpty ? "/" : directory) ?? plain(directory)) + "/" + name
  }

  private static func real(_ path: String) -> String? {
    guard let real = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }

  /// As far as the spelling alone tells.
  private static func plain(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// The device and the inode, by which hard links and bind mounts are the same as well.
  private static func identity(_ path: String) -> [UInt64]? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return [UInt64(status.st_dev), UInt64(status.st_ino)]
  }
}
