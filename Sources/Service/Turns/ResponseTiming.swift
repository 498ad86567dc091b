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
  var json: RawJSON {
    .object { timing in
      timing.key("queue")
      timing.double(queue.roundedMilliseconds)
      timing.key("connect")
      timing.double(connect.roundedMilliseconds)
      timing.key("first_event")
      if let firstEvent { timing.double(firstEvent.roundedMilliseconds) } else { timing.null() }
      timing.key("total")
      timing.double(total.roundedMilliseconds)
    }
  }
}

extension Duration {
  var roundedMilliseconds: Double { (milliseconds * 1000).rounded() / 1000 }
}
