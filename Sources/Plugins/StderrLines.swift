package import EventLoop

/// Cuts what a plugin writes to stderr into lines for the journal, and bounds how many it gets.
package struct StderrLines {
  package enum Entry: Equatable {
    case line(String)
    /// So many lines were left out before.
    case dropped(Int)
  }

  /// Longer lines are cut.
  package static let longestLine = 2048
  /// Lines in each window.
  package static let mostLines = 100
  package static let window: Duration = .seconds(10)

  private var pending: [UInt8] = []
  private var isCut = false
  private var taken = 0
  private var dropped = 0
  private var windowStart: LoopInstant

  package init(now: LoopInstant) {
    windowStart = now
  }

  /// Takes what arrived and returns the entries that it completes.
  package mutating func append(_ bytes: some Collection<UInt8>, now: LoopInstant) -> [Entry] {
    var entries: [Entry] = []
    for byte in bytes {
      if byte == 0x0A {
        entries += endLine(now)
      } else if pending.count < Self.longestLine {
        pending.append(byte)
      } else {
        isCut = true
      }
    }
    return entries
  }

  /// Takes the end of the stream: the last line may lack its end.
  package mutating func finish(now: LoopInstant) -> [Entry] {
    let last = pending.isEmpty ? [] : endLine(now)
    defer { dropped = 0 }
    return last + (dropped > 0 ? [.dropped(dropped)] : [])
  }

  private mutating func endLine(_ now: LoopInstant) -> [Entry] {
    let text = PluginText.shown(pending) + (isCut ? "…" : "")
    pending.removeAll(keepingCapacity: true)
    isCut = false
    guard !text.allSatisfy(\.isWhitespace) else { return [] }
    if now - windowStart >= Self.window { (windowStart, taken) = (now, 0) }
    guard taken < Self.mostLines else {
      dropped += 1
      return []
    }
    taken += 1
    defer { dropped = 0 }
    return (dropped > 0 ? [.dropped(dropped)] : []) + [.line(text)]
  }
}
