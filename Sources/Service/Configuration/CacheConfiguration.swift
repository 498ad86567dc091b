/// Answers that are given again to the same request: `[cache]`.
package struct CacheConfiguration: Sendable, Equatable {
  package var isEnabled = true
  package var timeToLive = Duration.seconds(24 * 3600)
  /// Bytes; what was used longest ago leaves first.
  package var maximumSize = 256 << 20

  package init() {}
}
