internal import JSON

/// Decides which tools an answer calls: those that `tool_choice` or the question names.
struct ToolCalls {
  private struct Tool {
    let name: String
    let isCustom: Bool
    let schema: RawJSON?

    init?(_ json: RawJSON) {
      guard let type = json["type"]?.string, type == "function" || type == "custom",
        let name = json["name"]?.string
      else { return nil }
      self.name = name
      isCustom = type == "custom"
      schema = json.nonNull("parameters")
    }
  }

  private(set) var calls: [OutputItem.Call] = []

  init(_ request: CreateRequest, _ context: Context, _ controls: AnswerControls) {
    let choice = ToolChoice(controls.ignoresToolChoice ? nil : request.members["tool_choice"])
    let tools = request.tools.compactMap(Tool.init).filter { choice.allows($0.name) }
    guard let first = tools.first, context.answeredRounds < controls.callRounds else { return }
    let question = context.question?.text ?? ""
    calls = Self.mentions(in: question, tools, controls)
    if let name = controls.strayCall {
      calls.append(OutputItem.Call(name: name, arguments: "{}", isCustom: false))
    }
    if calls.isEmpty, choice.isRequired {
      calls = [Self.call(first, nil, controls)]
    }
    if !request.allowsParallelCalls { calls = Array(calls.prefix(1)) }
  }

  private static func call(
    _ tool: Tool, _ arguments: String?, _ controls: AnswerControls
  ) -> OutputItem.Call {
    let fallback =
      tool.isCustom
      ? "input for \(tool.name)" : SchemaSample(tool.schema ?? .emptyObject).object.text
    return OutputItem.Call(
      name: tool.name, arguments: controls.arguments ?? arguments ?? fallback,
      isCustom: tool.isCustom)
  }

  /// Finds `call NAME` and `call NAME {…}`; of tools whose names begin alike, the longest.
  private static func mentions(
    in question: String, _ tools: [Tool], _ controls: AnswerControls
  ) -> [OutputItem.Call] {
    let byLength = tools.sorted { $0.name.utf8.count > $1.name.utf8.count }
    let word = Array("call ".utf8)
    var calls: [OutputItem.Call] = []
    var rest = Array(question.utf8)[...]
    while rest.count > word.count {
      guard rest.starts(with: word) else {
        rest = rest.dropFirst()
        continue
      }
      rest = rest.dropFirst(word.count)
      guard let tool = byLength.first(where: { rest.starts(with: $0.name.utf8) }) else { continue }
      rest = rest.dropFirst(tool.name.utf8.count)
      calls.append(call(tool, arguments(&rest), controls))
    }
    return calls
  }

  /// Takes the object in braces that follows, if any.
  private static func arguments(_ rest: inout ArraySlice<UInt8>) -> String? {
    let text = rest.drop { $0 == UInt8(ascii: " ") }
    guard text.first == UInt8(ascii: "{"), let end = endOfObject(text) else { return nil }
    rest = text[end...]
    return String(decoding: text[..<end], as: UTF8.self)
  }

  private static func endOfObject(_ text: ArraySlice<UInt8>) -> Int? {
    var depth = 0
    var isString = false
    var isEscaped = false
    for (index, byte) in zip(text.indices, text) {
      switch byte {
      case _ where isEscaped: isEscaped = false
      case UInt8(ascii: "\\"): isEscaped = isString
      case UInt8(ascii: "\""): isString.toggle()
      case UInt8(ascii: "{") where !isString: depth += 1
      case UInt8(ascii: "}") where !isString: depth -= 1
      default: break
      }
      if depth == 0 { return index + 1 }
    }
    return nil
  }
}
