internal import CSystemd
internal import Glibc
internal import Synchronization

/// Severity as in syslog(3).
package enum LogLevel: Int32, Sendable, CaseIterable, Comparable {
  case error = 3
  case warning = 4
  case notice = 5
  case info = 6
  case debug = 7

  package static func < (left: LogLevel, right: LogLevel) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// One entry with its fields (systemd.journal-fields(7)).
package struct JournalEntry: Sendable {
  package var level: LogLevel
  /// Who it is of (SYSLOG_IDENTIFIER=).
  package var identifier = "halleyd"
  package var message: String
  /// 32 hexadecimal digits that name the kind of event in the catalog.
  package var messageID: String?
  /// Field names without the `HALLEY_` that is put before them.
  package var fields: [(name: String, value: String)]

  package init(
    _ level: LogLevel, _ message: String, id messageID: String? = nil,
    fields: [(name: String, value: String)] = []
  ) {
    self.level = level
    self.message = message
    self.messageID = messageID
    self.fields = fields
  }
}

/// Writes entries to journald, or to stderr in the foreground, from a thread of its own.
///
/// sd_journal_sendv(3) blocks for as long as journald does not read, and a terminal blocks too; the
/// loop must not. What does not fit the queue is dropped and counted: the next entry says how many.
package final class Journal: Sendable {
  /// Entries that wait for the writer.
  private static let maximumQueuedEntries = 8192

  private struct State {
    var entries: [JournalEntry] = []
    var dropped = 0
    var sequence = 0
    var isClosing = false
    var isClosed = false
  }

  private let state = Mutex(State())
  private let wakeDescriptor: Int32
  private let usesJournal: Bool

  /// Chooses journald when stderr is connected to it (JOURNAL_STREAM), else stderr.
  package init() throws(LoopError) {
    wakeDescriptor = eventfd(0, Int32(EFD_CLOEXEC))
    guard wakeDescriptor >= 0 else { throw .last("eventfd") }
    usesJournal = Self.isStandardErrorJournal
    guard WorkerThread.start(name: "halleyd-journal", { [self] in write() }) else {
      throw LoopError("pthread_create", code: EAGAIN)
    }
  }

  package func log(_ entry: JournalEntry) {
    state.withLock { state in
      if state.entries.count < Self.maximumQueuedEntries {
        state.entries.append(entry)
      } else {
        state.dropped += 1
      }
    }
    wake()
  }

  /// Waits until what was logged is written, one second at most.
  package func close() {
    state.withLock { $0.isClosing = true }
    wake()
    for _ in 0..<1000 where !state.withLock({ $0.isClosed }) { usleep(1000) }
  }

  private func wake() {
    var one: UInt64 = 1
    unsafe _ = Glibc.write(wakeDescriptor, &one, 8)
  }

  private func write() {
    while true {
      var count: UInt64 = 0
      unsafe _ = read(wakeDescriptor, &count, 8)
      let (entries, dropped, first, isClosing) = state.withLock { state in
        defer {
          state.sequence += state.entries.count
          state.entries = []
          state.dropped = 0
        }
        return (state.entries, state.dropped, state.sequence, state.isClosing)
      }
      if dropped > 0 { write(Self.droppedEntry(dropped), sequence: first) }
      for (index, entry) in entries.enumerated() { write(entry, sequence: first + index) }
      if isClosing {
        state.withLock { $0.isClosed = true }
        return
      }
    }
  }

  private static func droppedEntry(_ count: Int) -> JournalEntry {
    JournalEntry(
      .warning, "\(count) log entries were dropped: they came faster than they are written")
  }

  private func write(_ entry: JournalEntry, sequence: Int) {
    if usesJournal {
      sendToJournal(entry, sequence: sequence)
    } else {
      let line = "halleyd: \(JournalText.line(entry.message))\n"
      unsafe _ = Glibc.write(STDERR_FILENO, line, line.utf8.count)
    }
  }

  private func sendToJournal(_ entry: JournalEntry, sequence: Int) {
    var fields = [
      "MESSAGE=\(JournalText.line(entry.message))", "PRIORITY=\(entry.level.rawValue)",
      "SYSLOG_IDENTIFIER=\(entry.identifier)", "HALLEY_SEQ=\(sequence)",
    ]
    if let id = entry.messageID { fields.append("MESSAGE_ID=\(id)") }
    fields += entry.fields.map { "HALLEY_\($0.name)=\(JournalText.field($0.value))" }
    let buffers = unsafe fields.map { field in
      let copy = UnsafeMutableRawBufferPointer.allocate(
        byteCount: field.utf8.count, alignment: 1)
      unsafe copy.copyBytes(from: field.utf8)
      return unsafe copy
    }
    let vectors = unsafe buffers.map { unsafe iovec(iov_base: $0.baseAddress, iov_len: $0.count) }
    unsafe _ = sd_journal_sendv(vectors, Int32(vectors.count))
    unsafe buffers.forEach { unsafe $0.deallocate() }
  }

  /// sd-daemon's rule: JOURNAL_STREAM names the device and inode of stderr (systemd.exec(5)).
  private static var isStandardErrorJournal: Bool {
    guard let text = unsafe getenv("JOURNAL_STREAM") else { return false }
    var status = stat()
    guard unsafe fstat(STDERR_FILENO, &status) == 0 else { return false }
    return unsafe String(cString: text) == "\(status.st_dev):\(status.st_ino)"
  }
}
