import JSON
import Testing
import Wire

/// Puts a chat completion together from its chunks, as clients do.
struct ChatReader {
  private(set) var chunks: [RawJSON] = []
  private(set) var content = ""
  private(set) var refusal = ""
  private(set) var reasoning = ""
  private(set) var annotations: [RawJSON] = []
  private(set) var function = (name: "", arguments: "")
  /// Each as `id type name argument`.
  private var callsByIndex: [Int64: (head: String, argument: String)] = [:]
  private(set) var finishReason: String?
  private(set) var usage: RawJSON?
  private(set) var error: RawJSON?
  private(set) var tokens: [String] = []
  private(set) var isFinished = false

  var calls: [String] {
    callsByIndex.keys.sorted().compactMap { callsByIndex[$0].map { "\($0.head) \($0.argument)" } }
  }

  static func read(
    _ events: [String], _ change: (inout ChatReplyOptions) -> Void = { _ in }
  ) -> ChatReader {
    var options = ChatReplyOptions()
    options.model = "asked"
    change(&options)
    var stream = ChatStream(options, StreamSamples.defaults)
    var reader = ChatReader()
    for event in events { stream.take(RawJSON(event)) { reader.take($0) } }
    reader.isFinished = stream.isFinished
    return reader
  }

  mutating func take(_ chunk: RawJSON) {
    #expect((try? RawJSON(parsing: chunk.text)) != nil, "\(chunk.text)")
    #expect(error == nil, "a chunk behind the error")
    guard chunk["error"] == nil else { return error = chunk["error"] }
    #expect(usage == nil, "a chunk behind the usage")
    for key in ["id", "created", "model", "object", "system_fingerprint"] {
      #expect(chunks.first.map { $0[key] == chunk[key] } ?? true, "another \(key)")
    }
    chunks.append(chunk)
    usage = chunk.nonNull("usage")
    guard let choice = chunk["choices"]?.elements.first, let delta = choice["delta"] else { return }
    #expect(finishReason == nil, "a choice behind the finish reason")
    #expect((delta["role"]?.string == "assistant") == (chunks.count == 1))
    finishReason = choice.nonNull("finish_reason")?.string
    for token in choice.nonNull("logprobs")?["content"]?.elements ?? [] {
      tokens.append(token["token"]?.string ?? "")
    }
    take(delta: delta)
  }

  private mutating func take(delta: RawJSON) {
    content += delta["content"]?.string ?? ""
    refusal += delta["refusal"]?.string ?? ""
    reasoning += delta["reasoning_content"]?.string ?? ""
    annotations += delta["annotations"]?.elements ?? []
    function.name += delta["function_call"]?["name"]?.string ?? ""
    function.arguments += delta["function_call"]?["arguments"]?.string ?? ""
    for call in delta["tool_calls"]?.elements ?? [] {
      guard let index = call["index"]?.integer else { continue }
      let inner = call["function"] ?? call["custom"] ?? .null
      if let id = call["id"]?.string {
        #expect(callsByIndex[index] == nil && Int(index) == callsByIndex.count)
        let head = [id, call["type"]?.string, inner["name"]?.string].compactMap(\.self)
        callsByIndex[index] = (head.joined(separator: " "), "")
      }
      callsByIndex[index]?.argument += (inner["arguments"] ?? inner["input"])?.string ?? ""
    }
  }
}
