internal import Glibc

/// What a descriptor is open on.
package enum FileKind: Sendable {
  case regular, pipe, socket, directory, terminalOrDevice

  /// Asks fstat(2); nil for a descriptor that is not open.
  package init?(of descriptor: Int32) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    self =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFIFO: .pipe
      case S_IFSOCK: .socket
      case S_IFDIR: .directory
      default: .terminalOrDevice
      }
  }
}
