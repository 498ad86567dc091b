internal import JSON

/// Makes up a value that a JSON Schema accepts.
///
/// It knows what structured output knows: types, properties, required, enum, const, items, anyOf,
/// oneOf, allOf, references within the schema, and the limits on numbers, strings and arrays.
struct SchemaSample {
  /// Below this, whatever is not required is left out, so that a recursive schema ends.
  private static let deepestOptional = 4
  private static let deepest = 32

  private let root: RawJSON

  init(_ schema: RawJSON) {
    root = schema
  }

  var value: RawJSON { sample(root, depth: 0) }

  /// The value where it is an object, else an empty object.
  var object: RawJSON { value.kind == .object ? value : .emptyObject }

  private func sample(_ schema: RawJSON, depth: Int) -> RawJSON {
    guard depth < Self.deepest else { return .null }
    if let reference = schema["$ref"]?.string {
      return sample(resolve(reference), depth: depth + 1)
    }
    if let value = schema["const"] { return value }
    if let value = schema["enum"]?.elements.first { return value }
    if let parts = schema["allOf"]?.elements, !parts.isEmpty {
      return merge(parts, depth: depth)
    }
    if let choices = (schema["anyOf"] ?? schema["oneOf"])?.elements, !choices.isEmpty {
      return sample(choose(choices, depth: depth), depth: depth + 1)
    }
    switch type(of: schema) {
    case "object": return object(schema, depth: depth)
    case "array": return array(schema, depth: depth)
    case "integer", "number": return NumberSample(schema).value
    case "boolean": return .boolean(true)
    case "null": return .null
    default: return .string(StringSample(schema).value)
    }
  }

  private func type(of schema: RawJSON) -> String {
    let types = schema["type"]?.elements.compactMap(\.string) ?? []
    if let type = schema["type"]?.string ?? types.first(where: { $0 != "null" }) ?? types.first {
      return type
    }
    if schema["properties"] != nil { return "object" }
    return schema["items"] != nil ? "array" : schema.members.isEmpty ? "object" : "string"
  }

  /// Takes the first choice; deep down, rather one that ends there.
  private func choose(_ choices: [RawJSON], depth: Int) -> RawJSON {
    let fallback = choices[0]
    guard depth >= Self.deepestOptional else { return fallback }
    let leaves = choices.filter { choice in
      choice["$ref"] == nil && !["object", "array"].contains(type(of: choice))
    }
    return leaves.first { type(of: $0) == "null" } ?? leaves.first ?? fallback
  }

  /// Follows `#` and `#/…` (RFC 6901).
  private func resolve(_ reference: String) -> RawJSON {
    var schema = root
    for step in reference.split(separator: "/").dropFirst() {
      let key = Self.replace(Self.replace(String(step), "~1", "/"), "~0", "~")
      schema = schema[key] ?? .emptyObject
    }
    return schema
  }

  private static func replace(_ text: String, _ old: String, _ new: String) -> String {
    text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
  }

  private func merge(_ parts: [RawJSON], depth: Int) -> RawJSON {
    let values = parts.map { sample($0, depth: depth + 1) }
    guard let first = values.first, first.kind == .object else { return values.first ?? .null }
    return values.dropFirst().reduce(first) { merged, value in
      value.members.reduce(merged) { $0.setting($1.key, to: $1.value) }
    }
  }

  private func object(_ schema: RawJSON, depth: Int) -> RawJSON {
    let required = Set(schema["required"]?.elements.compactMap(\.string) ?? [])
    let properties = schema["properties"]?.members ?? []
    return .object { writer in
      for property in properties
      where depth < Self.deepestOptional || required.contains(property.key) {
        writer.member(property.key, sample(property.value, depth: depth + 1))
      }
    }
  }

  private func array(_ schema: RawJSON, depth: Int) -> RawJSON {
    let least = Int(schema["minItems"]?.integer ?? 0)
    let most = Int(schema["maxItems"]?.integer ?? .max)
    let wanted = depth < Self.deepestOptional ? 1 : 0
    let count = max(least, min(wanted, most))
    let element = sample(schema["items"] ?? .emptyObject, depth: depth + 1)
    return .build { writer in
      writer.array { writer in
        for _ in 0..<count { writer.value(element) }
      }
    }
  }
}
