package import JSON

/// The JSON Schema of the params of each method (`daemon.schema`).
package enum MethodSchemas {
  /// Returns the schema of a method's params; nil for a name that is none.
  package static func params(of method: String) -> RawJSON? {
    switch method {
    case "responses.create", "cache.explain", "responses.input_tokens.count":
      return Shape.createParameters.jsonSchema(isOpen: true)
    case "responses.compact": return compact.jsonSchema(isOpen: true)
    default: return others[method]?.jsonSchema(isOpen: false)
    }
  }

  private static let compact = Shape(
    [
      "conversation": .conversation, "halley": .object(.halleyOptions), "input": .input,
      "instructions": .string, "model": .model, "previous_response_id": .nonEmptyString,
    ], required: ["model"])

  private static let id = Rule.either([.bytes(1...128), .integer(Int64.min...Int64.max)])
  private static let responseID: [String: Rule] = ["response_id": .nonEmptyString]
  private static let reference: [String: Rule] = ["conversation": .conversation]
  private static let time = Rule.either([.number(0...1e11), .nonEmptyString])
  private static let page: [String: Rule] = [
    "after": .nonEmptyString, "limit": .integer(1...100), "order": .oneOf(["asc", "desc"]),
  ]
  private static let include: [String: Rule] = ["include": .array(of: .string)]
  private static let items = Rule.array(of: .anyObject, count: 0...20)

  private static func shape(_ rules: [String: Rule]..., required: [String] = []) -> Shape {
    Shape(rules.reduce(into: [:]) { $0.merge($1) { $1 } }, required: required)
  }

  private static let others: [String: Shape] = [
    "initialize": shape([
      "capabilities": .object(Shape(["approvals": .boolean])),
      "client": .object(Shape(["name": .bytes(1...64), "version": .string])),
      "protocol": .integer(1...1),
    ]),
    "$/cancelRequest": shape(["id": id], required: ["id"]),
    "responses.retrieve": shape(
      responseID,
      [
        "include": .array(of: .string), "starting_after": .integer(0...Int64(Int32.max)),
        "stream": .boolean,
      ], required: ["response_id"]),
    "responses.cancel": shape(responseID, required: ["response_id"]),
    "responses.delete": shape(responseID, required: ["response_id"]),
    "responses.input_items.list": shape(responseID, page, include, required: ["response_id"]),
    "conversations.create": shape([
      "items": items, "metadata": .metadata, "name": .bytes(1...64),
    ]),
    "conversations.retrieve": shape(reference, required: ["conversation"]),
    "conversations.update": shape(
      reference, ["metadata": .metadata, "name": .bytes(1...64)], required: ["conversation"]),
    "conversations.delete": shape(reference, required: ["conversation"]),
    "conversations.list": shape(page),
    "conversations.fork": shape(
      reference, ["at": .nonEmptyString, "name": .bytes(1...64)], required: ["conversation"]),
    "conversations.search": shape(
      reference, ["limit": .integer(1...100), "query": .nonEmptyString], required: ["query"]),
    "conversations.watch": shape(reference, required: ["conversation"]),
    "conversations.items.create": shape(
      reference, ["include": .array(of: .string), "items": items],
      required: ["conversation", "items"]),
    "conversations.items.list": shape(
      reference, page, include, required: ["conversation"]),
    "conversations.items.retrieve": shape(
      reference, ["include": .array(of: .string), "item_id": .nonEmptyString],
      required: ["conversation", "item_id"]),
    "conversations.items.delete": shape(
      reference, ["item_id": .nonEmptyString], required: ["conversation", "item_id"]),
    "models.list": shape(["refresh": .boolean, "upstream": .nonEmptyString]),
    "tools.list": shape(), "plugins.list": shape(), "cache.stats": shape(),
    "cache.clear": shape(["older_than": time]),
    "usage.summary": shape([
      "by": .oneOf(["day", "model", "upstream", "client", "conversation", "uid"]),
      "since": time, "until": time,
    ]),
    "daemon.ping": shape(), "daemon.status": shape(), "daemon.reload": shape(),
    "daemon.schema": shape(),
  ]
}
