internal import JSON

extension RawJSON {
  /// The response object of a background response of which the upstream has sent nothing yet: the
  /// API's members, with what the request said.
  static func background(
    id: String, status: String, createdAt: Int64, model: String, _ request: RawJSON
  ) -> RawJSON {
    blankResponse(id: id, status: status, createdAt: createdAt, model: model, request)
      .setting("background", to: .boolean(true))
  }

  /// The object of a response without any output.
  static func blankResponse(
    id: String, status: String, createdAt: Int64, model: String, _ request: RawJSON
  ) -> RawJSON {
    let asked = Dictionary(request.members.map { ($0.key, $0.value) }) { $1 }
    return .object { response in
      response.member("id", id)
      response.member("object", "response")
      response.member("created_at", createdAt)
      response.member("status", status)
      response.member("background", false)
      response.member("model", model)
      response.member("output", .emptyArray)
      for (key, standard) in echoed {
        response.member(key, asked[key] ?? standard)
      }
    }
  }

  /// Members that repeat the request, each with the API's default.
  private static let echoed: [(String, RawJSON)] = [
    ("completed_at", .null), ("error", .null), ("incomplete_details", .null),
    ("instructions", .null), ("max_output_tokens", .null), ("max_tool_calls", .null),
    ("metadata", .emptyObject), ("parallel_tool_calls", .boolean(true)),
    ("previous_response_id", .null), ("reasoning", .null), ("service_tier", .string("auto")),
    ("store", .boolean(true)), ("temperature", .integer(1)),
    (
      "text",
      .object {
        $0.key("format")
        $0.object { $0.member("type", "text") }
      }
    ),
    ("tool_choice", .string("auto")), ("tools", .emptyArray), ("top_p", .integer(1)),
    ("truncation", .string("disabled")), ("usage", .null), ("user", .null),
  ]
}
