/// Where the database is and how it is opened.
package struct StoreConfiguration: Sendable {
  /// The directory that holds `halley.db`; made with mode 0700 when it is missing.
  package var directory: String
  /// Where the daemon is that opens it, for another one that finds it in use.
  package var socket: String?
  /// Milliseconds since 1970 (UTC).
  package var clock: @Sendable () -> Int64
  /// The most pages of 4 KiB that the database may have; nil for SQLite's own limit.
  package var maximumPages: Int?
  /// The largest database that is checked as a whole when it is opened. A larger one is checked
  /// page by page as it is read, because a start may not take seconds.
  package var largestCheckedBytes: Int

  package init(
    directory: String, clock: @escaping @Sendable () -> Int64 = SystemClock.milliseconds,
    maximumPages: Int? = nil, largestCheckedBytes: Int = 256 << 20
  ) {
    self.directory = directory
    self.clock = clock
    self.maximumPages = maximumPages
    self.largestCheckedBytes = largestCheckedBytes
  }

  package var databasePath: String { "\(directory)/halley.db" }
}
