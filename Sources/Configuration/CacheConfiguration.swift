/// Answers that are given again to the same request: `[cache]`.
package struct CacheConfiguration: Sendable, Equatable {
  package var isEnabled = true
  package var timeToLive = Duration.seconds(24 * 3600)
  /// Bytes; what was used longest ago leaves first.
  package var maximumSize = 256 << 20

  private static let largestMemory = 32 << 20

  /// The part of it that answers in memory may take.
  package var memorySize: Int { min(maximumSize / 8, Self.largestMemory) }
  /// The part of it that is left for answers on disk.
  package var diskSize: Int { maximumSize - memorySize }

  package init() {}
}
