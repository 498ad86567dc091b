internal import JSON
internal import Wire

/// Spells the schema of a tool's arguments as the strictest of the APIs take it: what a server left
/// out is filled in, what they refuse is left out. What it asks of arguments, the daemon checks by
/// the server's own spelling.
enum ToolSchema {
  /// References that follow one another.
  private static let longestChain = 8
  /// Alternatives of the whole schema; more of them would cost work and describe nothing.
  private static let mostBranches = 64
  private static let types: Set<String> = [
    "array", "boolean", "integer", "null", "number", "object", "string",
  ]
  /// Keywords that name a document or speak to people who maintain it.
  private static let dropped: Set<String> = ["$schema", "$id", "$comment", "$vocabulary"]
  /// Keywords that the root may not have.
  private static let combining = ["allOf", "anyOf", "oneOf"]
  private static let notInRoot: Set<String> = [
    "allOf", "anyOf", "const", "enum", "not", "oneOf", "$ref",
  ]
  private static let maps: Set<String> = [
    "$defs", "definitions", "dependentSchemas", "patternProperties", "properties",
  ]
  private static let lists: Set<String> = ["allOf", "anyOf", "oneOf", "prefixItems"]
  private static let schemas: Set<String> = [
    "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then",
  ]

  /// Returns a schema of an object; nil where a schema is of something else.
  ///
  /// - Parameter schema: null where the server gave none.
  static func ofObject(_ schema: RawJSON) -> RawJSON? {
    let isEmpty = schema.isNull || schema.boolean == true || isEmptyArray(schema)
    guard isEmpty || schema.kind == .object else { return nil }
    let root = isEmpty ? .emptyObject : resolved(schema, in: schema)
    let types = root["type"].map { $0.string.map { [$0] } ?? $0.elements.compactMap(\.string) }
    guard types?.contains("object") ?? true else { return nil }
    return plain(flat(root).setting("type", to: .string("object")))
  }

  /// Some languages can't tell an empty object from an empty array.
  private static func isEmptyArray(_ json: RawJSON) -> Bool {
    json.kind == .array && json.elements.isEmpty
  }

  /// Returns a schema with what its `$ref` names in the place of the reference.
  private static func resolved(_ schema: RawJSON, in root: RawJSON) -> RawJSON {
    var schema = schema
    for _ in 0..<longestChain {
      guard
        let target = schema["$ref"]?.string.flatMap(JSONPointer.init(fragment:))?.value(in: root),
        target.kind == .object
      else { break }
      let own = schema.members.filter { $0.key != "$ref" }
      let keys = Set(own.map(\.key))
      schema = .object { object in
        for member in own { object.member(member.key, member.value) }
        for member in target.members where !keys.contains(member.key) {
          object.member(member.key, member.value)
        }
      }
    }
    return schema
  }

  /// Returns the root without alternatives: with the properties of all of them, of which only those
  /// are required that all of them ask for.
  private static func flat(_ root: RawJSON) -> RawJSON {
    var properties = root["properties"]?.members ?? []
    var names = Set(properties.map(\.key))
    var required = root["required"]?.elements ?? []
    for keyword in combining {
      let branches = (root[keyword]?.elements ?? []).prefix(mostBranches)
        .map { resolved($0, in: root) }
      properties += branches.flatMap { $0["properties"]?.members ?? [] }
        .filter { names.insert($0.key).inserted }
      if keyword == "allOf" { required += branches.flatMap { $0["required"]?.elements ?? [] } }
    }
    let requiredNames = Set(required.compactMap(\.string)).sorted()
    return .object { object in
      for member in root.members where !isReplaced(member.key) {
        object.member(member.key, member.value)
      }
      object.key("properties")
      object.object { for member in properties { $0.member(member.key, member.value) } }
      guard !requiredNames.isEmpty else { return }
      object.key("required")
      object.array { for name in requiredNames { $0.string(name) } }
    }
  }

  private static func isReplaced(_ keyword: String) -> Bool {
    notInRoot.contains(keyword) || keyword == "properties" || keyword == "required"
  }

  // MARK: Any schema

  private static func plain(_ schema: RawJSON) -> RawJSON {
    if schema.boolean == false { return schema }
    guard schema.kind == .object else { return .emptyObject }
    let members = schema.members.filter { !dropped.contains($0.key) && isSound($0.key, $0.value) }
    let type = type(of: schema)
    return .object { object in
      if let type, schema["type"] == nil { object.member("type", type) }
      for member in members {
        object.member(member.key, plain(member.value, of: member.key, in: schema, type))
      }
      let has = { (name: String) in members.contains { $0.key == name } }
      if isNamed("object", type), !has("properties") { object.member("properties", .emptyObject) }
      if isNamed("array", type), !has("items") { object.member("items", .emptyObject) }
    }
  }

  private static func isSound(_ keyword: String, _ value: RawJSON) -> Bool {
    switch keyword {
    case "type": value.string.map(types.contains) ?? (value.kind == .array)
    case "required": value.kind == .array && value.elements.allSatisfy { $0.kind == .string }
    default: true
    }
  }

  private static func plain(
    _ value: RawJSON, of keyword: String, in schema: RawJSON, _ type: RawJSON?
  ) -> RawJSON {
    switch keyword {
    case "type": return type ?? value
    case "items" where value.kind == .array:
      // The tuples of older drafts.
      let items = value.elements
      return items.isEmpty ? .emptyObject : .object { $0.member("anyOf", list(items)) }
    case _ where maps.contains(keyword):
      let members = value.members
      return .object { for member in members { $0.member(member.key, plain(member.value)) } }
    case _ where lists.contains(keyword): return list(value.elements)
    case _ where schemas.contains(keyword): return value.kind == .boolean ? value : plain(value)
    default: return value
    }
  }

  private static func list(_ schemas: [RawJSON]) -> RawJSON {
    .build { writer in writer.array { for schema in schemas { $0.value(plain(schema)) } } }
  }

  /// The type, as far as it is said or goes without saying.
  private static func type(of schema: RawJSON) -> RawJSON? {
    if let said = schema["type"] {
      let names = said.string.map { [$0] } ?? said.elements.compactMap(\.string)
      let known = names.filter(types.contains)
      guard known.count > 1 else { return known.first.map { .string($0) } }
      return .build { writer in writer.array { for name in known { $0.string(name) } } }
    }
    guard schema["$ref"] == nil, combining.allSatisfy({ schema[$0] == nil }) else { return nil }
    if schema["properties"]?.kind == .object { return .string("object") }
    if schema["items"] != nil { return .string("array") }
    let values = schema["enum"]?.elements ?? []
    let isText = !values.isEmpty && values.allSatisfy { $0.kind == .string }
    return isText ? .string("string") : nil
  }

  private static func isNamed(_ name: String, _ type: RawJSON?) -> Bool {
    type?.string == name || type?.elements.contains { $0.string == name } == true
  }
}
