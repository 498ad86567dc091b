internal import EventLoop
internal import JSON

/// Where the time of a response went, from the arrival of its request.
struct ResponseTiming: Sendable {
  /// Until a place at the upstream and the key were had.
  var queue = Duration.zero
  /// Of the connection and its TLS handshake; zero on a reused one.
  var connect = Duration.zero
  var firstEvent: Duration?
  var total = Duration.zero

  /// Milliseconds, to the microsecond.
  var json: RawJSON { .build { write(to: &$0) } }

  func write(to writer: inout JSONWriter) {
    writer.object { timing in
      timing.key("queue")
      timing.thousandths(queue.microseconds)
      timing.key("connect")
      timing.thousandths(connect.microseconds)
      timing.key("first_event")
      if let firstEvent { timing.thousandths(firstEvent.microseconds) } else { timing.null() }
      timing.key("total")
      timing.thousandths(total.microseconds)
    }
  }
}

extension Duration {
  fileprivate var microseconds: Int64 { Int64(clamping: wholeMicroseconds) }

  var roundedMilliseconds: Double { (milliseconds * 1000).rounded() / 1000 }
}
