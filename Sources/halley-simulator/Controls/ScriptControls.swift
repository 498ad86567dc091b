internal import JSON

/// How the sequence of events departs from the API's.
struct ScriptControls: Sendable {
  enum ErrorShape: String, Sendable {
    /// `{"type":"error","code",…}`, as documented.
    case flat
    /// `{"type":"error","error":{…}}`, as seen.
    case nested
    /// `{"error":{…}}` without a type, as some gateways send it.
    case bare
  }

  struct StreamError: Sendable {
    let shape: ErrorShape
    /// How many events come before it.
    let events: Int
    /// Whether `response.failed` comes behind it.
    let isFollowed: Bool
  }

  /// In a text answer, the first delta and what comes before it.
  private static let eventsBeforeError = 5

  let streamError: StreamError?
  /// How many events come before one that is not JSON.
  let malformedAfter: Int?
  let hasNumbers: Bool
  let hasTerminal: Bool
  let hasID: Bool
  let isSparse: Bool
  let isCorpus: Bool
  /// What the error of a failure says.
  let errorCode: String
  let errorMessage: String

  init(_ reader: ControlReader) throws(APIError) {
    streamError = try Self.streamError(reader)
    malformedAfter = try reader.place("malformed")?.events
    hasNumbers = try !reader.flag("no_sequence_numbers")
    hasTerminal = try !reader.flag("no_terminal")
    hasID = try !reader.flag("no_id")
    isSparse = try reader.flag("sparse")
    isCorpus = try reader.flag("corpus")
    errorCode = reader.text("error_code") ?? "server_error"
    errorMessage = reader.text("error_message") ?? "The simulator was asked to fail."
  }

  private static func streamError(_ reader: ControlReader) throws(APIError) -> StreamError? {
    guard let text = reader.text("stream_error") else { return nil }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let events = parts.count > 1 ? Int(parts[1]) : eventsBeforeError
    guard let shape = ErrorShape(rawValue: String(parts[0])), let events, events >= 0,
      parts.count <= 2
    else {
      throw reader.refuse("stream_error", text, "flat, nested or bare, and :N for its place")
    }
    let isFollowed =
      try reader.text("stream_error_alone") == nil
      ? shape != .bare : !reader.flag("stream_error_alone")
    return StreamError(shape: shape, events: events, isFollowed: isFollowed)
  }

  /// Writes the members of an error event's error.
  func writeError(to writer: inout JSONWriter) {
    writer.member("code", errorCode)
    writer.member("message", errorMessage)
    writer.member("param", .null)
  }
}
