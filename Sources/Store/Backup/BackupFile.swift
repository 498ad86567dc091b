internal import Glibc

/// A file that has its name only once it is complete and on disk.
///
/// Until then it has another one beside it, which goes with this object. A crash leaves that behind;
/// a link in the state directory tells the next start where.
package final class BackupFile: Sendable {
  package let path: String
  /// Where it is written.
  let partialPath: String
  private let note: String?
  private let descriptor: Int32
  private let mayReplace: Bool

  /// Makes an empty file that its owner alone may read.
  ///
  /// - Parameter store: whose start removes what a crash leaves.
  /// - Throws: `conflict` where there is something of that name.
  package convenience init(
    _ path: String, of store: StoreConfiguration? = nil
  ) throws(StoreError) {
    var status = stat()
    guard unsafe lstat(path, &status) != 0 else {
      throw StoreError(.conflict, "back the store up", "there is a file \(path) already")
    }
    let digits = String(decoding: StoreID.digits(), as: UTF8.self)
    let partialPath = "\(path)\(DatabaseFile.partialSuffix)\(digits)"
    var note = store.map { "\($0.directory)/\(DatabaseFile.notePrefix)\(digits)" }
    // Where the note can't be made, the copy may still be.
    if let path = note, unsafe symlink(partialPath, path) != 0 { note = nil }
    do throws(StoreError) {
      try self.init(path, partialPath: partialPath, mayReplace: false, note: note)
    } catch {
      if let note { unsafe unlink(note) }
      throw error
    }
  }

  /// - Parameter mayReplace: whether it takes the place of a file of that name.
  init(
    _ path: String, partialPath: String, mayReplace: Bool, note: String? = nil
  ) throws(StoreError) {
    let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    descriptor = unsafe open(partialPath, flags, 0o600)
    guard descriptor >= 0 else { throw Self.failure("make \(path)") }
    self.path = path
    self.partialPath = partialPath
    self.mayReplace = mayReplace
    self.note = note
  }

  deinit {
    close(descriptor)
    unsafe unlink(partialPath)
    if let note { unsafe unlink(note) }
  }

  /// Bytes.
  package var size: Int {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Throws `full` where the file system has not so many bytes left, before it has fewer for others.
  func requireRoom(_ bytes: Int64) throws(StoreError) {
    var status = statvfs()
    guard unsafe fstatvfs(descriptor, &status) == 0 else { return }
    let (free, overflows) = UInt64(status.f_bavail)
      .multipliedReportingOverflow(by: UInt64(status.f_frsize))
    guard !overflows, free < UInt64(max(bytes, 0)) else { return }
    throw StoreError(
      .full, "make \(path)", "there is no room for \(bytes) bytes", systemError: ENOSPC)
  }

  /// Waits until what was written is on disk, so that less is left for the end.
  package func sync() throws(StoreError) {
    guard fdatasync(descriptor) == 0 else { throw Self.failure("write \(path)") }
  }

  /// Gives it its name, when all of it is on disk.
  package func publish() throws(StoreError) {
    guard fsync(descriptor) == 0 else { throw Self.failure("write \(path)") }
    guard unsafe mayReplace ? rename(partialPath, path) == 0 : nameWithoutReplacing() else {
      throw Self.failure("name \(path)")
    }
    try Self.syncDirectory(of: path)
  }

  private func nameWithoutReplacing() -> Bool {
    if unsafe link(partialPath, path) == 0 { return true }
    // FAT knows no second name.
    guard errno == EPERM || errno == EOPNOTSUPP, unsafe access(path, F_OK) != 0 else {
      return false
    }
    return unsafe rename(partialPath, path) == 0
  }

  private static func syncDirectory(of path: String) throws(StoreError) {
    let end = path.lastIndex(of: "/") ?? path.startIndex
    let directory = end == path.startIndex ? "/" : String(path[..<end])
    let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open \(directory)") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("write \(directory)") }
  }

  private static func failure(_ operation: String) -> StoreError {
    let error = errno
    return StoreError(
      StoreError.Code(system: error), operation, unsafe String(cString: strerror(error)),
      systemError: error)
  }
}
