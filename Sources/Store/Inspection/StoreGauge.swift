internal import Synchronization

/// How large the store is and what waits in it, as of its last round: nobody waits for the answer.
package struct StoreGauge: Sendable {
  /// Bytes of the database's file.
  package internal(set) var databaseBytes = 0
  /// Bytes of the write-ahead log's file.
  package internal(set) var logBytes = 0
  /// About how many turns wait for the search index.
  package internal(set) var unindexedTurns = 0
}

extension Store {
  package nonisolated var gauge: StoreGauge { gauges.withLock { $0 } }

  func updateGauge() {
    let gauge = StoreGauge(
      databaseBytes: file.size, logBytes: file.logSize,
      unindexedTurns: database?.unindexedTurns ?? 0)
    gauges.withLock { $0 = gauge }
  }
}
