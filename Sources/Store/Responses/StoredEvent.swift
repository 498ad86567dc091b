/// One event of a response's log.
package struct StoredEvent: Sendable, Equatable {
  package let sequence: Int64
  /// The event's JSON as it was sent.
  package let bytes: ArraySlice<UInt8>
}
