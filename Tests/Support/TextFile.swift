internal import Glibc

/// Reads whole files, those of /proc too.
package enum TextFile {
  package static func bytes(_ path: String) throws -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SupportError("\(path): errno \(errno)") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe read(descriptor, &part, part.count)
      guard count >= 0 else { throw SupportError("\(path): errno \(errno)") }
      guard count > 0 else { return bytes }
      bytes += part[..<count]
    }
  }

  /// Type and permissions of what stands at a path (inode(7)); nil where nothing does.
  package static func mode(of path: String) -> UInt32? {
    var status = stat()
    return unsafe lstat(path, &status) == 0 ? status.st_mode : nil
  }

  package static func text(_ path: String) throws -> String {
    String(decoding: try bytes(path), as: UTF8.self)
  }
}
