/// What the answer is to say.
struct AnswerControls: Sendable {
  let text: String?
  let words: Int?
  /// Exactly the arguments of each function call.
  let arguments: String?
  /// The name of a call that follows the question's own, whether or not there is such a tool.
  let strayCall: String?
  /// Whether `tool_choice` counts for nothing.
  let ignoresToolChoice: Bool
  /// How often the functions are called before there is a text.
  let callRounds: Int
  /// Bytes of an additional first delta.
  let hugeDelta: Int?
  /// Deltas that go out as fast as possible.
  let burst: Int?
  /// The id of the response.
  let id: String?
  /// Whether the items of one type have one id, in every response.
  let repeatsItemIDs: Bool
  let isFailed: Bool

  init(_ reader: ControlReader, _ options: Options) throws(APIError) {
    text = reader.text("text")
    words = try reader.count("words") ?? options.words
    arguments = reader.text("arguments")
    strayCall = reader.text("stray_call")
    ignoresToolChoice = try reader.flag("ignore_tool_choice")
    callRounds = try reader.count("call_rounds") ?? 1
    hugeDelta = try reader.count("huge_event")
    burst = try reader.count("burst")
    id = reader.text("duplicate_id")
    repeatsItemIDs = try reader.flag("repeat_item_ids")
    isFailed = try reader.flag("failed")
  }
}
