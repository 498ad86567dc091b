package import JSON

/// Makes values by a JSON Schema, and now and then one that does not fit: a grammar for requests.
package struct SchemaSampler {
  /// Texts that are tried wherever one may stand.
  private static let texts = [
    "", "a", "resp_1", "conv_1", "msg_1", "2026-01-31", "gpt-5.4", "assistant", "user", "message",
    "function_call", "function_call_output", "input_text", "call_1", "\u{0}", "é\u{1F600}",
    String(repeating: "x", count: 300), "*", "../x", "9223372036854775808",
  ]
  private static let numbers = [
    "0", "1", "-1", "2", "100", "2147483647", "2147483648", "9223372036854775807",
    "-9223372036854775808", "9223372036854775808", "0.5", "-0.0", "1e-9", "1e9", "1e308", "1e999",
  ]

  /// A line with half a surrogate pair is no JSON for a client to send.
  private static let wrongValues = Mutation.wrongValues.filter { !$0.text.contains("\\u") }

  private var random: ByteMutator

  package init(seed: UInt64) { random = ByteMutator(seed: seed, words: ["x"]) }

  package mutating func choose<Element>(_ elements: [Element]) -> Element {
    elements[random.number(below: elements.count)]
  }

  /// - Parameter depth: how much deeper it may become.
  package mutating func value(of schema: RawJSON, depth: Int = 6) -> RawJSON {
    if random.number(below: 24) == 0 { return choose(Self.wrongValues) }
    if let words = schema["enum"]?.elements, !words.isEmpty { return choose(words) }
    if let schemas = schema["anyOf"]?.elements, !schemas.isEmpty {
      return value(of: choose(schemas), depth: depth)
    }
    switch schema["type"]?.string {
    case "object" where depth > 0: return object(of: schema, depth: depth - 1)
    case "array" where depth > 0:
      let items = schema["items"] ?? .emptyObject
      return Mutation.array(
        (0..<random.number(below: 4)).map { _ in value(of: items, depth: depth - 1) })
    case "object": return .emptyObject
    case "array": return .emptyArray
    case "boolean": return .boolean(random.number(below: 2) == 0)
    case "integer", "number": return RawJSON(checked: Array(choose(Self.numbers).utf8)[...])
    case "string": return .string(choose(Self.texts))
    default: return choose(Self.wrongValues + [.string(choose(Self.texts))])
    }
  }

  private mutating func object(of schema: RawJSON, depth: Int) -> RawJSON {
    var object = RawJSON.emptyObject
    let required = Set(schema["required"]?.elements.compactMap(\.string) ?? [])
    for property in schema["properties"]?.members ?? [] {
      // Most requests name few of the many members that there are.
      guard required.contains(property.key) || random.number(below: 5) == 0 else { continue }
      object = object.setting(property.key, to: value(of: property.value, depth: depth))
    }
    if let rule = schema["additionalProperties"], rule.kind == .object {
      object = object.setting(choose(Self.texts), to: value(of: rule, depth: depth))
    }
    if let cases = schema["allOf"]?.elements, !cases.isEmpty {
      object = fit(object, choose(cases), depth)
    }
    return object
  }

  /// Makes it an object of one of the types that a schema knows.
  private mutating func fit(_ object: RawJSON, _ known: RawJSON, _ depth: Int) -> RawJSON {
    guard let type = known["if"]?["properties"]?["type"]?["const"] else { return object }
    var fitting = object
    for member in value(of: known["then"] ?? .emptyObject, depth: depth).members {
      fitting = fitting.setting(member.key, to: member.value)
    }
    return fitting.setting("type", to: type)
  }
}
