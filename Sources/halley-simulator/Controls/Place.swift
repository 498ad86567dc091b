/// A point of an answer at which something is to happen.
enum Place: Hashable, Sendable {
  case beforeHeaders
  case afterHeaders
  /// Behind so many events.
  case afterEvents(Int)

  /// Reads `before_headers`, `after_headers` or `after_events:N`.
  init?(_ text: String) {
    switch text {
    case "before_headers": self = .beforeHeaders
    case "after_headers": self = .afterHeaders
    default:
      guard text.hasPrefix("after_events:"), let count = Int(text.dropFirst(13)), count >= 0 else {
        return nil
      }
      self = count == 0 ? .afterHeaders : .afterEvents(count)
    }
  }

  /// How many events come first; nil where not even the headers do.
  var events: Int? {
    switch self {
    case .beforeHeaders: nil
    case .afterHeaders: 0
    case .afterEvents(let count): count
    }
  }
}
