/// How long responses and conversations are kept: `[store]`.
package struct RetentionConfiguration: Sendable, Equatable {
  /// Responses unused for longer are deleted; nil keeps them for ever.
  package var maximumAge: Duration?
  /// Bytes of the database, above which the responses unused for longest are deleted; nil for
  /// no bound.
  package var maximumSize: Int?
  /// How long a finished response's own events are kept for replay.
  package var events = Duration.seconds(24 * 3600)
  /// How long an idempotency key is remembered.
  package var idempotency = Duration.seconds(24 * 3600)

  package init() {}
}
