internal import Synchronization

/// Where the database's files are, for all connections to them.
final class StorePlace: Sendable {
  let file: DatabaseFile
  let isWritten: Bool
  /// The database's file, where it is written.
  private let identity: FileIdentity?
  private let moved = Atomic<Bool>(false)

  /// - Parameter isWritten: whether anybody of this process writes the database.
  init(_ file: DatabaseFile, isWritten: Bool) {
    self.file = file
    self.isWritten = isWritten
    identity = isWritten ? FileIdentity(path: file.path) : nil
  }

  /// Whether the files were replaced, renamed or deleted when that was last looked at.
  var isMoved: Bool { moved.load(ordering: .relaxed) }

  var isDatabaseInPlace: Bool { identity?.isAt(file.path) != false }

  /// Throws `moved` where the next start would not find what is written here.
  ///
  /// SQLite keeps the files open and can't tell by itself (https://sqlite.org/howtocorrupt.html,
  /// 2.4).
  ///
  /// - Parameter log: the file of the log that a connection has open.
  func check(log: FileIdentity?) throws(StoreError) {
    if isDatabaseInPlace, log?.isAt(file.logPath) != false, !isMoved { return }
    moved.store(true, ordering: .relaxed)
    throw StoreError(
      .moved, "use the store", "\(file.path) was replaced, moved or deleted while it was in use")
  }
}
