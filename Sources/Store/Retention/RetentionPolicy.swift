/// How long and how much is kept; nil keeps everything.
package struct RetentionPolicy: Sendable {
  /// Conversations that were not used for so long, and responses outside of conversations that
  /// ended so long ago, are deleted.
  package var maximumAge: Duration?
  /// When the database holds more, the oldest conversations and responses are deleted.
  package var maximumBytes: Int?
  /// How long a response that has ended replays its own events.
  package var eventAge: Duration

  package init(
    maximumAge: Duration? = nil, maximumBytes: Int? = nil, eventAge: Duration = .seconds(86_400)
  ) {
    self.maximumAge = maximumAge
    self.maximumBytes = maximumBytes
    self.eventAge = eventAge
  }
}

/// What was deleted because of its age or the store's size.
package struct Expiry: Sendable, Equatable {
  package internal(set) var conversations = 0
  /// Responses outside of conversations.
  package internal(set) var responses = 0
  /// Responses whose events were dropped.
  package internal(set) var eventLogs = 0

  var isEmpty: Bool { self == Expiry() }

  mutating func add(_ other: Expiry) {
    conversations += other.conversations
    responses += other.responses
    eventLogs += other.eventLogs
  }
}
