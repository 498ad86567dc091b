internal import Glibc

/// Bringing an older database to the current version.
///
/// 1. A copy of it is on disk before, under a name that tells its version.
/// 2. All steps are one transaction: the database is of the old version or of the new one.
extension Database {
  /// - Returns: nil for a database that is new or of the current version.
  func migrate(_ file: DatabaseFile) throws(StoreError) -> Store.Opening.Migration? {
    let version = try integer("PRAGMA user_version") ?? 0
    guard version < Schema.version else { return nil }
    let names = "bring the database from version \(version) to \(Schema.version)"
    guard version > 0 else {
      try runSteps(from: 0, names)
      return nil
    }
    do throws(StoreError) {
      try backUp(to: file.backupPath(ofVersion: version), partialPath: file.partialBackupPath)
    } catch {
      throw error.stating(names, "the copy that has to be made before failed: ")
    }
    try runSteps(from: version, names)
    file.removeBackups(exceptOfVersion: version)
    return Store.Opening.Migration(
      from: version, to: Schema.version, backup: file.backupPath(ofVersion: version))
  }

  private func runSteps(from version: Int64, _ names: String) throws(StoreError) {
    try inTransaction { () throws(StoreError) in
      for (index, step) in Schema.steps.enumerated() where index >= version {
        do throws(StoreError) {
          try script(step)
        } catch {
          throw error.stating(names, "step \(index + 1) failed: ")
        }
      }
      try dropTextIndexes()
      try script("PRAGMA application_id = \(Schema.applicationID)")
      try script("PRAGMA user_version = \(Schema.version)")
    }
  }

  /// Nobody else has the database yet.
  private func backUp(to path: String, partialPath: String) throws(StoreError) {
    // What a crash left.
    unsafe unlink(partialPath)
    let file = try BackupFile(path, partialPath: partialPath, mayReplace: true)
    try file.requireRoom(bytes)
    let copy = try DatabaseCopy(of: self, to: partialPath)
    while try copy.step(pages: 1024) {}
    try file.publish()
  }
}

extension StoreError {
  /// The same error of what it was part of, which is as it was.
  fileprivate func stating(_ operation: String, _ cause: String) -> StoreError {
    StoreError(
      code, operation, "\(cause)\(self.operation): \(message); the database is as it was",
      sqliteCode: sqliteCode, systemError: systemError)
  }
}

/// Copies from before the schema changed.
extension DatabaseFile {
  /// Days for which one is kept.
  private static let longestKept = 30

  func backupPath(ofVersion version: Int64) -> String { "\(path).schema-\(version).backup" }
  var partialBackupPath: String { "\(path).schema.backup.partial" }

  /// A copy that a program of some version can go on from; nil where there is none.
  func backup(forVersion version: Int64) -> String? {
    let path = backupPath(ofVersion: version)
    return unsafe access(path, F_OK) == 0 ? path : nil
  }

  /// Removes copies: what is deleted from the database must not be left in one, and one is enough.
  func removeBackups(exceptOfVersion kept: Int64? = nil) {
    for version in 1..<Schema.version where version != kept {
      unsafe unlink(backupPath(ofVersion: version))
    }
  }

  /// Removes those that nobody will go back to.
  func removeOldBackups() {
    let oldest = time(nil) - Self.longestKept * 86_400
    for version in 1..<Schema.version {
      var status = stat()
      let path = backupPath(ofVersion: version)
      if unsafe stat(path, &status) == 0, status.st_mtim.tv_sec < oldest { unsafe unlink(path) }
    }
  }
}
