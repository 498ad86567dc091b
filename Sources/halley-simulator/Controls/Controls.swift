/// What a request's `metadata` asks the simulator to do; `ControlTable` says what each key means.
struct Controls: Sendable {
  enum Interruption: Sendable {
    case reset, closeCleanly, closeRaw, stall
  }

  enum Endless: String, CaseIterable, Sendable {
    case deltas, comments, line
  }

  let pace: Pace
  let answer: AnswerControls
  let script: ScriptControls
  let framing: Framing
  let refusal: Refusal?
  let interruptions: [Place: Interruption]
  let headerDelay: UInt64
  let redirect: Int?
  let contentType: String?
  /// Bytes of additional headers.
  let headerPadding: Int
  /// Overrides the request's `stream`.
  let isStream: Bool?
  let endless: Endless?
  /// Bytes that are sent instead of events.
  let rawEvents: String?
  /// A file that is sent instead of events.
  let scriptName: String?

  init(_ metadata: [String: String], options: Options) throws(APIError) {
    let reader = ControlReader(metadata: metadata)
    pace = try Pace(reader, options)
    answer = try AnswerControls(reader, options)
    script = try ScriptControls(reader)
    framing = try Framing(reader)
    refusal = try Refusal(reader)
    interruptions = try Self.interruptions(reader)
    headerDelay = try reader.milliseconds("header_delay_ms") ?? 0
    redirect = try reader.count("redirect")
    contentType = reader.text("content_type")
    headerPadding = try reader.count("huge_headers") ?? 0
    let isStreamed = try reader.flag("sse_always")
    isStream = try reader.flag("json_always") ? false : isStreamed ? true : nil
    endless = try reader.choice("endless", Endless.self)
    rawEvents = reader.text("raw_events")
    scriptName = reader.text("script")
  }

  private static func interruptions(
    _ reader: ControlReader
  ) throws(APIError) -> [Place: Interruption] {
    var interruptions: [Place: Interruption] = [:]
    let kinds: [(String, Interruption)] = [
      ("stall", .stall), ("close_raw", .closeRaw), ("close", .closeCleanly), ("reset", .reset),
    ]
    for (key, interruption) in kinds {
      if let place = try reader.place(key) { interruptions[place] = interruption }
    }
    if try reader.flag("stall_before_headers") { interruptions[.beforeHeaders] = .stall }
    return interruptions
  }
}
