internal import CSQLite
internal import Synchronization

/// Tells a read that goes on for long that the store is being closed.
final class ReadEnding: Sendable {
  /// Instructions of SQLite's machine between two looks, about a millisecond.
  private static let instructions: Int32 = 50_000

  private let isOver = Atomic<Bool>(false)

  var hasCome: Bool { isOver.load(ordering: .relaxed) }

  func come() {
    isOver.store(true, ordering: .relaxed)
  }

  /// Lets it end what a connection runs (`sqlite3_progress_handler`); it has to outlive that.
  func watch(_ database: Database) {
    unsafe sqlite3_progress_handler(
      database.handle, Self.instructions,
      { ending in
        guard let ending = unsafe ending else { return 0 }
        return unsafe Unmanaged<ReadEnding>.fromOpaque(ending).takeUnretainedValue().hasCome ? 1 : 0
      }, Unmanaged.passUnretained(self).toOpaque())
  }
}
