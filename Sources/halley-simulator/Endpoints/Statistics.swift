internal import JSON
internal import Synchronization

/// Counts what happens, for tests and benchmarks to compare.
final class Statistics: Sendable {
  private struct Counters {
    var accepted = 0
    var open = 0
    var handshakes = 0
    var resumed = 0
    var received = 0
    var sent = 0
    var requests: [String: Int] = [:]
    var creates = 0
    var active = 0
    var cancelled = 0
    var lastCancel: UInt64 = 0
  }

  private let counters = Mutex(Counters())

  func countAccepted() {
    counters.withLock {
      $0.accepted += 1
      $0.open += 1
    }
  }

  func countClosed() {
    counters.withLock { $0.open -= 1 }
  }

  func countHandshake(isResumed: Bool) {
    counters.withLock {
      $0.handshakes += 1
      if isResumed { $0.resumed += 1 }
    }
  }

  func countReceived(bytes: Int) {
    counters.withLock { $0.received += bytes }
  }

  func countSent(bytes: Int) {
    counters.withLock { $0.sent += bytes }
  }

  func countRequest(_ name: String) {
    counters.withLock { $0.requests[name, default: 0] += 1 }
  }

  func countCreate() {
    counters.withLock { $0.creates += 1 }
  }

  /// Counts an answer that has begun, streamed or not.
  func countBegun() {
    counters.withLock { $0.active += 1 }
  }

  func countEnded() {
    counters.withLock { $0.active -= 1 }
  }

  /// Counts an answer that ended because its peer left; call as soon as that is noticed.
  func countCancelled() {
    let now = Clock.real()
    counters.withLock {
      $0.active -= 1
      $0.cancelled += 1
      $0.lastCancel = now
    }
  }

  /// Starts again from zero; what is open and active stays so.
  func reset() {
    counters.withLock { $0 = Counters(open: $0.open, active: $0.active) }
  }

  var json: RawJSON {
    let counters = counters.withLock { $0 }
    return .object { writer in
      writer.member("connections_accepted", counters.accepted)
      writer.member("connections_open", counters.open)
      writer.member("tls_handshakes", counters.handshakes)
      writer.member("tls_resumed", counters.resumed)
      writer.key("requests")
      writer.object { writer in
        for (name, count) in counters.requests.sorted(by: { $0.key < $1.key }) {
          writer.member(name, count)
        }
      }
      writer.member("creates", counters.creates)
      writer.member("active_streams", counters.active)
      writer.member("cancelled_streams", counters.cancelled)
      writer.member("last_cancel_ns", counters.lastCancel)
      writer.member("bytes_received", counters.received)
      writer.member("bytes_sent", counters.sent)
    }
  }
}
