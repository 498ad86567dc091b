internal import CSystemd

/// Owns one sd-event source; the common part of the sources below.
///
/// The handler is dropped on `cancel()`, so that a handler that holds its source's owner makes no
/// cycle that outlives it.
@EventLoop
@safe final class SourceHandle<Event: Sendable> {
  private var source: OpaquePointer?
  private var handler: (@EventLoop (Event) -> Void)?

  init(_ handler: @escaping @EventLoop (Event) -> Void) {
    self.handler = handler
  }

  isolated deinit {
    cancel()
  }

  var pointer: OpaquePointer? { unsafe source }

  /// What C gets as `userdata`; valid until `cancel()`, after which no callback comes.
  var context: UnsafeMutableRawPointer { unsafe Unmanaged.passUnretained(self).toOpaque() }

  func own(_ source: OpaquePointer?) {
    unsafe self.source = source
  }

  func handle(_ event: Event) {
    handler?(event)
  }

  func cancel() {
    unsafe sd_event_source_disable_unref(source)
    unsafe source = nil
    handler = nil
  }

  /// Calls the handler of the source that a C callback is about. Its result is always 0: a negative
  /// one would disable the source without a word.
  nonisolated static func dispatch(_ context: UnsafeMutableRawPointer?, _ event: Event) -> Int32 {
    guard let context = unsafe context else { return 0 }
    nonisolated(unsafe) let address = unsafe context
    EventLoop.assumeIsolated {
      unsafe Unmanaged<SourceHandle<Event>>.fromOpaque(address).takeUnretainedValue().handle(event)
    }
    return 0
  }
}
