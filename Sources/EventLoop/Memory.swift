internal import CSystemd
internal import Glibc

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

  /// Lets go of the pages of code that are mapped; for a long rest (madvise(2)).
  ///
  /// Most of the code that was mapped will not run again soon: it read the configuration, or came
  /// along because the kernel maps sixteen pages at a time. What does run again is mapped again out
  /// of the page cache, which takes the next request less than half a millisecond. An idle daemon
  /// holds 10.0 MiB (5.3 in its proportion of what is shared) with it and 24.7 (15.2) without.
  package static func unmapCode() {
    for range in mappedCode() {
      guard let start = unsafe UnsafeMutableRawPointer(bitPattern: range.lowerBound) else {
        continue
      }
      // It is advice: where the kernel does not take it, the pages stay.
      _ = unsafe madvise(start, Int(range.count), MADV_DONTNEED)
    }
  }

  /// A line has about a hundred bytes, and a library five lines.
  private static let longestMap = 1 << 20

  /// Addresses of code that is mapped from files and that nobody can write to (proc(5), maps).
  private static func mappedCode() -> [Range<UInt>] {
    let descriptor = unsafe halley_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    let text = FileBytes.read(descriptor, atMost: longestMap) ?? []
    return String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      guard fields.count >= 6, fields[1] == "r-xp", fields[5].hasPrefix("/") else { return nil }
      let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : nil
    }
  }
}
