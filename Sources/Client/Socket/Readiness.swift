internal import Glibc

/// Waits for descriptors with poll(2).
struct Readiness {
  private var entries: [pollfd] = []

  /// Watches a descriptor and returns its index in the set.
  mutating func watch(_ descriptor: Int32, _ events: Int32) -> Int {
    entries.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
    return entries.count - 1
  }

  /// Waits until one of the descriptors is ready or the time is over; a signal ends the wait too.
  ///
  /// - Parameter milliseconds: nil waits for ever.
  mutating func wait(milliseconds: Int32?) {
    let count = nfds_t(entries.count)
    let status = unsafe poll(&entries, count, milliseconds ?? -1)
    if status <= 0 {
      for index in entries.indices { entries[index].revents = 0 }
    }
  }

  /// Whether reading the descriptor would not block, be it for data or for its end.
  func isReadable(_ index: Int?) -> Bool {
    has(index, POLLIN | POLLHUP | POLLERR)
  }

  func isWritable(_ index: Int?) -> Bool {
    has(index, POLLOUT)
  }

  /// Whether the other end has gone.
  func isBroken(_ index: Int?) -> Bool {
    has(index, POLLERR | POLLHUP)
  }

  private func has(_ index: Int?, _ events: Int32) -> Bool {
    guard let index else { return false }
    return Int32(entries[index].revents) & events != 0
  }
}
