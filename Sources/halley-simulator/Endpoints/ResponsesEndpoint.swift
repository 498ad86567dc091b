internal import JSON

/// Answers what is asked about responses, except for creating and following them.
struct ResponsesEndpoint {
  private let request: HTTPRequest
  private let simulation: Simulation

  init(_ request: HTTPRequest, _ simulation: Simulation) {
    self.request = request
    self.simulation = simulation
  }

  private func find(_ id: String) throws(APIError) -> StoredResponse {
    guard let response = simulation.store.find(id) else { throw .unknownResponse(id) }
    return response
  }

  func retrieve(_ id: String) throws(APIError) -> RawJSON {
    try find(id).json
  }

  func delete(_ id: String) throws(APIError) -> RawJSON {
    guard let response = simulation.store.remove(id) else { throw .unknownResponse(id) }
    _ = response.cancel()
    return .object { writer in
      writer.member("id", id)
      writer.member("object", "response.deleted")
      writer.member("deleted", true)
    }
  }

  func cancel(_ id: String) throws(APIError) -> RawJSON {
    let response = try find(id)
    guard response.isBackground else {
      throw .badRequest("Cannot cancel a synchronous response.")
    }
    return response.cancel()
  }

  /// Lists what a response was created from, the latest first unless asked otherwise.
  func inputItems(_ id: String) throws(APIError) -> RawJSON {
    var items = try find(id).context[...]
    if request.query["order"] != "asc" { items = Array(items.reversed())[...] }
    let text = request.query["limit"] ?? "20"
    guard let limit = Int(text), 1...100 ~= limit else {
      throw .badRequest("Invalid 'limit': \(text), 1 to 100 was expected.", param: "limit")
    }
    if let after = request.query["after"] {
      guard let index = items.firstIndex(where: { $0.id == after }) else {
        throw APIError(status: 404, "Item with id '\(after)' not found.", param: "after")
      }
      items = items[(index + 1)...]
    }
    let page = items.prefix(limit)
    return .object { writer in
      writer.member("object", "list")
      writer.key("data")
      writer.array { writer in
        for item in page { writer.value(item.json) }
      }
      writer.member("first_id", page.first.map { .string($0.id) } ?? .null)
      writer.member("last_id", page.last.map { .string($0.id) } ?? .null)
      writer.member("has_more", items.count > limit)
    }
  }

  func countTokens() throws(APIError) -> RawJSON {
    let members = try CreateRequest.members(of: request.body)
    let count = try context(members).tokens + Words.count(members["instructions"]?.string ?? "")
    return .object { writer in
      writer.member("object", "response.input_tokens")
      writer.member("input_tokens", count)
    }
  }

  private func context(_ members: [String: RawJSON]) throws(APIError) -> Context {
    try Context(
      input: CreateRequest.readInput(members["input"]),
      previousID: members["previous_response_id"]?.string, store: simulation.store)
  }

  /// Keeps the user's messages and an item that stands for all the rest.
  func compact() throws(APIError) -> RawJSON {
    let members = try CreateRequest.members(of: request.body)
    guard members["model"]?.string != nil else {
      throw .badRequest(
        "Missing required parameter: 'model'.", param: "model", code: "missing_required_parameter")
    }
    let context = try context(members)
    let usage = Usage(input: context.tokens, cached: 0, output: 16, reasoning: 0)
    return .object { writer in
      writer.member("id", Identifier.make("resp"))
      writer.member("object", "response.compaction")
      writer.member("created_at", Clock.unixSeconds())
      writer.key("output")
      writer.array { writer in
        for item in context.items where item.role == "user" { writer.value(item.asParts) }
        writer.object { writer in
          writer.member("id", Identifier.make("cmp"))
          writer.member("type", "compaction")
          writer.member("encrypted_content", Identifier.make("enc"))
        }
      }
      writer.member("usage", usage.json)
    }
  }
}
