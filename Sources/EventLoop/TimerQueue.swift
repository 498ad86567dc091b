internal import CSystemd

/// The timers that are armed, as a heap by the time at which they are due; one timer of sd-event
/// serves them all.
///
/// Most timers are limits that are never reached: two are set for each request and taken back when
/// it ends. So arming and disarming touches the heap alone, and sd-event is asked for an earlier time
/// only: what was armed for a timer that is gone by then finds nothing due, and the next time is
/// set.
@EventLoop
final class TimerQueue {
  static let shared = TimerQueue()

  /// One timer; in the heap while it is armed.
  final class Entry {
    fileprivate(set) var due: UInt64 = 0
    /// Nil while it is not armed.
    fileprivate var place: Int?
    var handler: (@EventLoop () -> Void)?

    init(_ handler: @escaping @EventLoop () -> Void) {
      self.handler = handler
    }
  }

  /// The least that sd-event takes; 0 would mean 250 ms.
  private static let accuracyMicroseconds: UInt64 = 1

  private var heap = Heap()
  private var source: SourceHandle<Void>?
  /// What sd-event is armed for.
  private var awaited = UInt64.max

  private init() {}

  /// Makes sd-event's timer, once.
  func open() throws(LoopError) {
    guard source == nil else { return }
    let handle = SourceHandle<Void> { [unowned self] in fire() }
    var pointer: OpaquePointer?
    try LoopError.check(
      unsafe sd_event_add_time(
        EventLoop.shared.executor.event, &pointer, CLOCK_MONOTONIC, .max,
        Self.accuracyMicroseconds,
        { _, _, context in unsafe SourceHandle<Void>.dispatch(context, ()) },
        handle.context), "sd_event_add_time")
    unsafe handle.own(pointer)
    source = handle
  }

  func arm(_ entry: Entry, at due: UInt64) {
    heap.put(entry, due: due)
    expect()
  }

  func disarm(_ entry: Entry) {
    if let place = entry.place { heap.remove(entry, at: place) }
  }

  /// Calls back those that are due. One may arm, disarm or cancel others; what it arms for a time that
  /// has come is called in the next turn at the latest, so that a timer can't keep the loop to itself.
  private func fire() {
    awaited = .max
    let now = EventLoop.shared.executor.nowMicroseconds()
    var left = heap.count
    while left > 0, let first = heap.first, first.due <= now {
      left -= 1
      disarm(first)
      first.handler?()
    }
    expect()
  }

  private func expect() {
    guard let first = heap.first, first.due < awaited, let source,
      let pointer = unsafe source.pointer
    else { return }
    awaited = first.due
    unsafe sd_event_source_set_time(pointer, first.due)
    unsafe sd_event_source_set_enabled(pointer, Int32(SD_EVENT_ONESHOT))
  }
}

/// Entries by when they are due, the next one first; each knows its place.
@EventLoop
private struct Heap {
  private var entries: [TimerQueue.Entry] = []

  nonisolated init() {}

  var first: TimerQueue.Entry? { entries.first }
  var count: Int { entries.count }

  mutating func put(_ entry: TimerQueue.Entry, due: UInt64) {
    let old = entry.place.map { (place: $0, due: entry.due) }
    entry.due = due
    if old == nil { entries.append(entry) }
    settle(entry, at: old?.place ?? entries.count - 1, isSooner: old.map { due < $0.due } ?? true)
  }

  mutating func remove(_ entry: TimerQueue.Entry, at place: Int) {
    entry.place = nil
    guard let last = entries.popLast(), last !== entry else { return }
    settle(last, at: place, isSooner: last.due < entry.due)
  }

  private mutating func settle(_ entry: TimerQueue.Entry, at place: Int, isSooner: Bool) {
    if isSooner { rise(entry, from: place) } else { sink(entry, from: place) }
  }

  private mutating func rise(_ entry: TimerQueue.Entry, from start: Int) {
    var place = start
    while place > 0, entry.due < entries[(place - 1) / 2].due {
      put(entries[(place - 1) / 2], at: place)
      place = (place - 1) / 2
    }
    put(entry, at: place)
  }

  private mutating func sink(_ entry: TimerQueue.Entry, from start: Int) {
    var place = start
    while place * 2 + 1 < entries.count {
      var child = place * 2 + 1
      if child + 1 < entries.count, entries[child + 1].due < entries[child].due { child += 1 }
      guard entries[child].due < entry.due else { break }
      put(entries[child], at: place)
      place = child
    }
    put(entry, at: place)
  }

  private mutating func put(_ entry: TimerQueue.Entry, at place: Int) {
    entries[place] = entry
    entry.place = place
  }
}
