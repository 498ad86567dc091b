internal import EventLoop
internal import JSON
internal import Store

/// When the store was last looked through for what is too old or too much, and what came of it.
struct ExpiryRecord {
  /// Milliseconds since 1970.
  let endedAt: Int64
  let duration: Duration
  let expiry: Expiry

  func write(_ writer: inout JSONWriter) {
    writer.object {
      $0.member("ended_at", endedAt / 1000)
      $0.key("took_ms")
      $0.double(duration.roundedMilliseconds)
      $0.member("conversations", expiry.conversations)
      $0.member("responses", expiry.responses)
      $0.member("event_logs", expiry.eventLogs)
    }
  }
}

extension StateStore {
  func writeLastExpiry(_ writer: inout JSONWriter) {
    writer.key("last_expiry")
    if let lastExpiry { lastExpiry.write(&writer) } else { writer.null() }
  }
}
