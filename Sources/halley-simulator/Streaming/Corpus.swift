internal import JSON

/// A legal answer in spellings that no encoder would choose, to see that they are relayed as is.
struct Corpus {
  let script: EventScript
  let final: RawJSON

  init(_ response: ResponseObject, _ controls: ScriptControls) {
    let item = Identifier.make("msg")
    var script = EventScript(controls, failure: response)
    for type in ["response.created", "response.in_progress"] {
      script.add(
        spelled: """
          {"type":"\(type)","sequence_number":@N@,"response":\
          \(Self.response(response.id, status: "in_progress", output: "[ ]"))}
          """, type: type)
    }
    for (type, members) in Self.events(item) {
      script.add(
        spelled: "{\"sequence_number\":@N@ ,\(members),\"type\":\"\(type)\"}", type: type)
    }
    let output = "[\(Self.message(item, status: "completed", content: "[\(Self.part)]"))]"
    let final = Self.response(response.id, status: "completed", output: output)
    script.add(
      spelled:
        "{ \"response\" : \(final) , \"sequence_number\":@N@,\"type\":\"response.completed\"}",
      type: "response.completed")
    self.script = script
    self.final = RawJSON(checked: Array(final.utf8)[...])
  }

  private static let odd = #"""
    "x_unknown":{"":[],"nested":{"a":{"b":[1,[2,[3,{"c":null}]]]}},"\u0041\/b":[ true ,false ]},\#
    "x_numbers":[1E400,-0.0,1.0e+5,0.10,123456789012345678901234567890,1e-7,-0],\#
    "x_text":"\u00e9\u0041\/\ud83e\udd84\u2028\u0000\b\f\t é🦄"
    """#

  private static let text = #"\u0041 unicorn \ud83e\udd84 \/ \"odd\" \u00fcber 🦄 \\ \u0000end"#

  private static let part =
    "{\"annotations\":[ ],\"text\":\"\(text)\",\"type\":\"output_text\",\"logprobs\":[]}"

  private static func message(_ id: String, status: String, content: String) -> String {
    """
    {"id":"\(id)","role":"assistant","type":"message","status":"\(status)",\
    "content":\(content),\(odd)}
    """
  }

  private static func response(_ id: String, status: String, output: String) -> String {
    """
    {"object":"response", "id":"\(id)" ,"created_at":1.7e9,"status":"\(status)","model":"odd\\/model",\
    "output":\(output),\(odd),"temperature":1.0,"top_p":1E0,"metadata":{"k\\u0065y":"v\\/"},\
    "usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3,"input_tokens_details":\
    {"cached_tokens":0},"output_tokens_details":{"reasoning_tokens":0},"x_cost":0.000100}}
    """
  }

  /// The types and members of the events between the first two and the last.
  private static func events(_ item: String) -> [(String, String)] {
    let place = "\"item_id\":\"\(item)\",\"output_index\":0,\"content_index\":0"
    let deltas = [
      #"\u0041 unicorn"#, #" \ud83e\udd84"#, #" \/"#, #" \"odd\""#, #" \u00fcber"#, " 🦄", #" \\"#,
      #" \u0000"#, "end",
    ]
    var events = [
      ("response.x_unknown.happened", "\"x\" :\t1.50 ,\(odd)"),
      (
        "response.output_item.added",
        "\"output_index\":0,\"item\":\(message(item, status: "in_progress", content: "[]"))"
      ),
      (
        "response.content_part.added",
        "\(place),\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[]}"
      ),
    ]
    events += deltas.map { ("response.output_text.delta", "\(place),\"delta\" : \"\($0)\"") }
    events += [
      ("acme:extension", "\"deep\":\(nested(levels: 60)),\"empty\":{ }"),
      ("response.output_text.done", "\(place),\"text\":\"\(text)\""),
      ("response.content_part.done", "\(place),\"part\":\(part)"),
      (
        "response.output_item.done",
        "\"output_index\":0,\"item\":"
          + message(item, status: "completed", content: "[\(part)]")
      ),
    ]
    return events
  }

  private static func nested(levels: Int) -> String {
    String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
  }
}
