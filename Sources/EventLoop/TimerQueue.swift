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

  private var heap: [Entry] = []
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
    if let place = entry.place {
      let isSooner = due < entry.due
      entry.due = due
      if isSooner { rise(entry, from: place) } else { sink(entry, from: place) }
    } else {
      entry.due = due
      heap.append(entry)
      rise(entry, from: heap.count - 1)
    }
    expect()
  }

  func disarm(_ entry: Entry) {
    guard let place = entry.place else { return }
    entry.place = nil
    guard let last = heap.popLast(), last !== entry else { return }
    if last.due < entry.due { rise(last, from: place) } else { sink(last, from: place) }
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

  // MARK: The heap

  private func rise(_ entry: Entry, from start: Int) {
    var place = start
    while place > 0 {
      let parent = heap[(place - 1) / 2]
      guard entry.due < parent.due else { break }
      put(parent, at: place)
      place = (place - 1) / 2
    }
    put(entry, at: place)
  }

  private func sink(_ entry: Entry, from start: Int) {
    var place = start
    while place * 2 + 1 < heap.count {
      var child = place * 2 + 1
      if child + 1 < heap.count, heap[child + 1].due < heap[child].due { child += 1 }
      guard heap[child].due < entry.due else { break }
      put(heap[child], at: place)
      place = child
    }
    put(entry, at: place)
  }

  private func put(_ entry: Entry, at place: Int) {
    heap[place] = entry
    entry.place = place
  }
}
