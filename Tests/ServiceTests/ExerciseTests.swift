import Testing
import TestSupport

/// What libFuzzer does for hours (contrib/fuzz), for a moment and with the same inputs each time.
@Suite struct ExerciseTests {
  private static let json = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "true", "-1", "9223372036854775807", "1e999",
    "\\ud83d", "\u{0}", "\n", "\n\n", "data: ", "{}", "[1]", "\"type\":", "\"output_index\":",
    "\"item\":", "\"response\":", "\"response.completed\"", "\"response.created\"", "\"delta\":",
    "\"sequence_number\":4", "sk-canary-41b9sk", "sk-can", "\r\n", "event: x\n", "\ndata: ",
    "\"$ref\":\"#\"", "\"multipleOf\":1e-300", "\"minItems\":", "\"enum\":", "\"anyOf\":[",
  ]

  private static let toml = [
    "[", "]", "[[", "{", "}", "=", ".", ",", "\"", "\"\"\"", "'", "\'\'\'", "\\", "\\u", "#", "\n",
    "\r", "\u{0}", "\u{FEFF}", "é", "0x", "1e", "_", "-", "+", "inf", "true", "07:32", "1979-05-27",
  ]

  private func mutate(
    _ target: String, _ names: [String], words: [String] = json, count: Int,
    _ exercise: ([UInt8]) -> String?
  ) throws {
    try Seeds.mutate(target, names, words: words, count: count) { input in
      if let wrong = exercise(input) {
        Issue.record("\(wrong): \(String(decoding: input, as: UTF8.self))")
      }
    }
  }

  @Test func `texts of a configuration`() throws {
    try mutate(
      "config", ["example", "odd"], words: Self.toml, count: 4000, ConfigurationExercise.run)
  }

  @Test func `streams of an upstream`() throws {
    try mutate("events", ["sample", "bare", "deltas"], count: 6000, EventExercise.run)
  }

  @Test func `waits that an upstream asks for`() throws {
    let words = [
      "0", "9223372036854775808", "-", "+", ".", "0x", "1e9", " ", "\u{0}", "\n", "GMT", "Feb",
      "31",
      "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ]
    try mutate(
      "retry-after", ["seconds", "date", "old-date"], words: words, count: 5000,
      RetryAfterExercise.run)
  }

  @Test func `lines of a plugin`() throws {
    try mutate("plugin", ["messages"], count: 5000, PluginExercise.run)
  }

  @Test func `tools, arguments and results`() throws {
    try mutate("mcp", ["text", "image"], count: 5000, ToolExercise.run)
  }

  @Test func `frames of a WebSocket`() throws {
    let words = [
      "\u{1}", "\u{2}", "\u{8}", "\u{9}", "~", "\u{7F}", "\u{0}\u{0}\u{0}\u{0}", "\u{3}\u{E8}",
      "ö", "a",
    ]
    try mutate(
      "websocket", ["messages", "fragments"], words: words, count: 5000, WebSocketExercise.run)
  }

  @Test func `requests of a client`() throws {
    try mutate("dispatch", ["create", "minimal"], count: 10_000, RequestExercise.run)
  }
}
