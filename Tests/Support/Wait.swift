internal import Glibc

/// Bounds every wait, so that a hang is a failure and nothing else is.
package enum Wait {
  package static let limit: Duration = .seconds(30)

  /// Looks at a condition until it holds.
  ///
  /// - Throws: `SupportError` naming what was waited for, when it does not hold in time.
  package static func until(
    _ what: String, limit: Duration = limit, _ condition: () throws -> Bool
  ) throws {
    let end = ContinuousClock.now + limit
    while try !condition() {
      guard ContinuousClock.now < end else { throw SupportError("waited in vain: \(what)") }
      poll(nil, 0, 2)
    }
  }

  /// Waits for a descriptor to be readable or at its end; false when the time is up.
  package static func isReadable(_ descriptor: Int32, limit: Duration = limit) -> Bool {
    isReady(descriptor, Int16(POLLIN), limit)
  }

  package static func isWritable(_ descriptor: Int32, limit: Duration = limit) -> Bool {
    isReady(descriptor, Int16(POLLOUT), limit)
  }

  private static func isReady(_ descriptor: Int32, _ events: Int16, _ limit: Duration) -> Bool {
    var entry = pollfd(fd: descriptor, events: events, revents: 0)
    let milliseconds = Int32(limit / .milliseconds(1))
    var status: Int32
    repeat { status = unsafe poll(&entry, 1, milliseconds) } while status < 0 && errno == EINTR
    return status > 0
  }
}
