internal import Glibc

/// A file whatever its name is (`st_dev` and `st_ino` of stat(2)).
struct FileIdentity: Equatable {
  private let device: dev_t
  private let inode: ino_t

  /// The file at a path; nil where there is none.
  init?(path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    device = status.st_dev
    inode = status.st_ino
  }

  /// Whether a path leads to this file; an error of the disk does not mean that it leads elsewhere.
  func isAt(_ path: String) -> Bool {
    if let found = FileIdentity(path: path) { return found == self }
    return errno != ENOENT && errno != ENOTDIR
  }
}
