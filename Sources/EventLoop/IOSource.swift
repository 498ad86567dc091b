internal import CSystemd
internal import Glibc

/// Readiness of a descriptor, as in epoll_ctl(2).
package struct IOEvents: OptionSet, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Spelled out, as the one of every option set is generic and asks for its metadata each time.
  package init(arrayLiteral elements: IOEvents...) {
    rawValue = elements.reduce(0) { $0 | $1.rawValue }
  }

  package static let readable = IOEvents(rawValue: EPOLLIN.rawValue)
  package static let writable = IOEvents(rawValue: EPOLLOUT.rawValue)
  /// Both directions are closed. Always reported, never asked for.
  package static let hangUp = IOEvents(rawValue: EPOLLHUP.rawValue)
  /// Always reported, never asked for.
  package static let error = IOEvents(rawValue: EPOLLERR.rawValue)
}

/// Calls back while a descriptor is ready; level-triggered (sd_event_add_io(3)).
@EventLoop
package final class IOSource {
  private let handle: SourceHandle<UInt32>
  private var events: IOEvents

  /// - Parameter descriptor: stays the caller's, and must stay open until `cancel()`.
  package init(
    _ descriptor: Int32, _ events: IOEvents, handler: @escaping @EventLoop (IOEvents) -> Void
  ) throws(LoopError) {
    self.events = events
    handle = SourceHandle { handler(IOEvents(rawValue: $0)) }
    var source: OpaquePointer?
    try LoopError.check(
      unsafe sd_event_add_io(
        EventLoop.shared.executor.event, &source, descriptor, events.rawValue,
        { _, _, revents, context in unsafe SourceHandle<UInt32>.dispatch(context, revents) },
        handle.context), "sd_event_add_io")
    unsafe handle.own(source)
  }

  /// Changes what is waited for; nothing beside hang-up and error when empty.
  package func wait(for events: IOEvents) {
    guard events != self.events, let source = unsafe handle.pointer else { return }
    self.events = events
    unsafe sd_event_source_set_io_events(source, events.rawValue)
  }

  package func cancel() {
    handle.cancel()
  }
}
