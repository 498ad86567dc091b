package import JSON
internal import Store
package import Wire

/// The input of one request: its own items, and the check that calls and outputs belong together.
package struct RequestInput: Sendable {
  /// The request's own items; a string has become a message.
  package let items: [RawJSON]
  /// Whether a stored item was put in the place of a reference to it.
  package let hasResolvedReferences: Bool

  /// The input of a request that refers to no stored item, as most do; nil for one that does.
  ///
  /// - Parameter input: the member of the request; nil where it has none.
  init?(plain input: RawJSON?) {
    items = input.map { Self.items(of: $0) } ?? []
    hasResolvedReferences = false
    if input?.kind == .array, items.contains(where: { Self.reference($0) != nil }) { return nil }
  }

  init(items: [RawJSON], hasResolvedReferences: Bool) {
    self.items = items
    self.hasResolvedReferences = hasResolvedReferences
  }

  /// - Parameter item: the user's stored item of an id; nil where there is none.
  /// - Throws: `not_found` for a reference to no such item.
  package static func read(
    _ body: RawJSON, item: (String) async throws(RPCError) -> RawJSON?
  ) async throws(RPCError) -> RequestInput {
    if let plain = RequestInput(plain: body.nonNull("input")) { return plain }
    let items = body.nonNull("input").map { Self.items(of: $0) } ?? []
    return try await resolve(items, named: "input", item: item)
  }

  /// Puts stored items in the place of references to them.
  ///
  /// - Parameter name: of the member that has the items.
  /// - Throws: `not_found` for a reference to no such item.
  package static func resolve(
    _ items: [RawJSON], named name: String, item: (String) async throws(RPCError) -> RawJSON?
  ) async throws(RPCError) -> RequestInput {
    var items = items
    var hasResolved = false
    for index in items.indices {
      guard let id = reference(items[index]) else { continue }
      guard let stored = try await item(id) else { throw .notFound("\(name)[\(index)].id") }
      items[index] = stored
      hasResolved = true
    }
    return RequestInput(items: items, hasResolvedReferences: hasResolved)
  }

  /// The items that an `input` stands for; a string is a message.
  static func items(of input: RawJSON) -> [RawJSON] {
    input.kind == .array ? input.elements : [message(input)]
  }

  private static func message(_ text: RawJSON) -> RawJSON {
    .object { item in
      item.member("type", "message")
      item.member("role", "user")
      item.member("content", text)
    }
  }

  /// `{"type":"item_reference","id":…}`, of which the type may be missing.
  private static func reference(_ item: RawJSON) -> String? {
    let type = item.nonNull("type")?.string
    guard type == "item_reference" || type == nil && item["role"] == nil else { return nil }
    return item.nonNull("id")?.string
  }

  // MARK: Calls and outputs

  private static let calls = ["function_call", "custom_tool_call"]
  private static let outputs = ["function_call_output", "custom_tool_call_output"]

  /// Refuses an output of the request without its call, and a call of the request that it does not
  /// answer: every upstream would. What was said before is the daemon's own business.
  ///
  /// - Parameter asynchronous: names of tools whose output may come in a later request.
  package func checkCalls(
    after context: [RawJSON], asynchronous: Set<String> = []
  ) throws(RPCError) {
    var open: [String: Int] = [:]
    var seen = Set(context.compactMap { Replay.Entry($0).call })
    for (position, item) in items.enumerated() {
      guard let type = item["type"]?.string, let id = item["call_id"]?.string else { continue }
      if Self.outputs.contains(type) {
        guard seen.contains(id) else {
          throw .invalidParams(
            "input[\(position)].call_id", "\"\(id)\" found, no call with that id comes before it")
        }
        open[id] = nil
      } else if Self.calls.contains(type), !asynchronous.contains(item["name"]?.string ?? "") {
        open[id] = position
      }
      if let call = Replay.Entry(item).call { seen.insert(call) }
    }
    guard let (id, position) = open.min(by: { $0.value < $1.value }) else { return }
    throw .invalidParams(
      "input[\(position)].call_id",
      "call \"\(id)\" has no output; every call has to be answered")
  }
}

extension RawJSON {
  /// The names of a request's tools whose output may come in a later request, those of its
  /// namespaces too.
  package var asynchronousTools: Set<String> {
    var names: Set<String> = []
    for tool in nonNull("tools")?.elements ?? [] {
      names.formUnion(tool.asynchronousTools)
      if tool["async"]?.boolean == true, let name = tool["name"]?.string { names.insert(name) }
    }
    return names
  }
}
