/// Counts what the store did since it was opened.
package struct Counters: Sendable, Equatable {
  /// Writes that reached the disk.
  package internal(set) var writes = 0
  /// Transactions, each with one sync, that carried them.
  package internal(set) var commits = 0
  package internal(set) var checkpoints = 0
  /// Transactions of long work.
  package internal(set) var steps = 0
  /// Rows that one of them changed at most, those of the search index among them.
  package internal(set) var largestStep = 0
}
