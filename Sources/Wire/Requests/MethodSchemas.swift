package import JSON

/// What the params of each method have to be: the daemon checks them by the same rules that
/// `daemon.schema` tells.
package enum MethodSchemas {
  /// Returns the schema of a method's params; nil for a name that is none.
  package static func params(of method: String) -> RawJSON? { shapes[method]?.jsonSchema }

  /// Checks a method's params, whatever comes of them later.
  ///
  /// Those of a create are left to `CreateRequest`: some are answered before anybody reads them.
  package static func check(_ params: RawJSON, of method: String) throws(RPCError) {
    guard let shape = shapes[method], !creates.contains(method) else { return }
    do throws(Refusal) {
      try shape.check(params.members)
    } catch {
      throw error.error
    }
  }

  private static let creates: Set<String> = [
    "cache.explain", "responses.create", "responses.input_tokens.count",
  ]

  private static let compact = Shape(
    Shape.createParameters.rules, required: ["model"], clauses: Shape.createParameters.clauses)

  /// What a client puts into notifications belongs to it.
  private static let cancel = Shape(
    ["id": .either([.string, .wholeNumber])], required: ["id"])

  private static let responseID: [String: Rule] = ["response_id": .nonEmptyString]
  private static let reference: [String: Rule] = ["conversation": .conversation]
  private static let name: [String: Rule] = ["name": .matching(.conversationName)]
  private static let time = Rule.either([.number(0...1e11), .matching(.day)])
  private static let page: [String: Rule] = [
    "after": .nonEmptyString, "limit": .integer(APILimits.page), "order": .oneOf(["asc", "desc"]),
  ]
  private static let include: [String: Rule] = ["include": .array(of: .string)]
  private static let itemID: [String: Rule] = ["item_id": .nonEmptyString]
  private static let metadata: [String: Rule] = ["metadata": .metadata]

  private static func shape(
    _ rules: [String: Rule]..., required: [String] = [], clauses: [Clause] = []
  ) -> Shape {
    Shape(
      rules.reduce(into: [:]) { $0.merge($1) { $1 } }, required: required, clauses: clauses,
      isOpen: false)
  }

  private static let shapes = responses.merging(conversations) { $1 }.merging(others) { $1 }

  private static let responses: [String: Shape] = [
    "responses.create": .createParameters,
    "cache.explain": .createParameters,
    "responses.input_tokens.count": .createParameters,
    "responses.compact": compact,
    "responses.retrieve": shape(
      responseID, include,
      [
        "include_obfuscation": .boolean, "starting_after": .integer(0...Int64(Int32.max)),
        "stream": .boolean,
      ], required: ["response_id"], clauses: [.needs("starting_after", "stream")]),
    "responses.cancel": shape(responseID, required: ["response_id"]),
    "responses.delete": shape(responseID, required: ["response_id"]),
    "responses.input_items.list": shape(responseID, page, include, required: ["response_id"]),
  ]

  private static let conversations: [String: Shape] = [
    "conversations.create": shape(name, metadata, ["items": .newItems]),
    "conversations.retrieve": shape(reference, required: ["conversation"]),
    "conversations.update": shape(
      reference, name, metadata, required: ["conversation"],
      clauses: [
        Clause(
          [.present(["metadata"]), .given(["name"])], else: ["metadata"],
          "nothing found, metadata or a name was expected")
      ]),
    "conversations.delete": shape(reference, required: ["conversation"]),
    "conversations.list": shape(page),
    "conversations.fork": shape(
      reference, name, ["at": .nonEmptyString], required: ["conversation"]),
    "conversations.search": shape(
      reference, ["limit": .integer(APILimits.page), "query": .nonEmptyString],
      required: ["query"]),
    "conversations.watch": shape(reference, required: ["conversation"]),
    "conversations.items.create": shape(
      reference, include, ["items": .newItems], required: ["conversation", "items"]),
    "conversations.items.list": shape(reference, page, include, required: ["conversation"]),
    "conversations.items.retrieve": shape(
      reference, include, itemID, required: ["conversation", "item_id"]),
    "conversations.items.delete": shape(
      reference, itemID, required: ["conversation", "item_id"]),
  ]

  private static let others: [String: Shape] = [
    // An old daemon has to be able to greet a new client: it takes what it does not know, and
    // answers with its own version.
    "initialize": Shape([
      "capabilities": .object(Shape(["approvals": .boolean])),
      "client": .object(Shape(["name": .text(1...64), "version": .string])),
      "protocol": .integer(1...Int64.max),
    ]),
    "$/cancelRequest": cancel,
    "models.list": shape(["refresh": .boolean, "upstream": .nonEmptyString]),
    "models.retrieve": shape(["model": .model], required: ["model"]),
    "tools.list": shape(), "plugins.list": shape(), "cache.stats": shape(),
    "cache.clear": shape(["older_than": .either([.number(0...1e10), .matching(.duration)])]),
    "usage.summary": shape([
      "by": .oneOf(["day", "model", "upstream", "client", "conversation", "uid"]),
      "since": time, "until": time,
    ]),
    "daemon.ping": shape(), "daemon.status": shape(), "daemon.reload": shape(),
    "daemon.schema": shape(),
  ]
}
