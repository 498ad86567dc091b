internal import CSystemd

/// What the C library does with memory that was freed.
package enum Memory {
  /// Freed memory below this stays with the process, for the next response: giving it back and
  /// taking it again costs a page fault for every 4 KiB.
  private static let keptBytes: Int32 = 64 << 20
  /// Blocks above this come from the system and go back to it at once.
  private static let largestKeptBlock: Int32 = 1 << 20

  /// Call it once, at the start (mallopt(3)).
  package static func keepFreed() {
    _ = mallopt(M_TRIM_THRESHOLD, keptBytes)
    _ = mallopt(M_MMAP_THRESHOLD, largestKeptBlock)
  }

  /// Gives freed memory back; for a moment of rest (malloc_trim(3)).
  package static func giveBack() {
    _ = malloc_trim(0)
  }
}
