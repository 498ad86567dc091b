internal import Glibc

/// Keeps a directory for one process (flock(2)): a second store would end what the first one still
/// writes, as if a crash had left it. It ends with its owner, however that ends.
final class DirectoryLock: Sendable {
  private let descriptor: Int32

  /// - Throws: `busy` while another process has the directory.
  init(_ directory: String) throws(StoreError) {
    descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure("open \(directory)", .io, errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let error = errno
      close(descriptor)
      guard error == EWOULDBLOCK else { throw Self.failure("lock \(directory)", .io, error) }
      throw StoreError(.busy, "open the store", "another process uses \(directory)")
    }
  }

  deinit { close(descriptor) }

  private static func failure(
    _ operation: String, _ code: StoreError.Code, _ error: Int32
  ) -> StoreError {
    StoreError(code, operation, unsafe String(cString: strerror(error)), systemError: error)
  }
}
