import JSON

/// Judges values by a JSON Schema, apart from the daemon's own rules, and thinks of values to judge.
struct SchemaOracle {
  /// Longer texts would only show again what shorter ones show.
  private static let longestText = 5_000

  // MARK: Judging

  static func accepts(_ value: RawJSON, _ schema: RawJSON) -> Bool {
    schema.members.allSatisfy { keyword in
      accepts(value, keyword.key, keyword.value, of: schema)
    }
  }

  private static func accepts(
    _ value: RawJSON, _ keyword: String, _ argument: RawJSON, of schema: RawJSON
  ) -> Bool {
    switch keyword {
    case "type": isType(value, argument.string ?? "")
    case "enum": argument.elements.contains { $0 == value }
    case "const": argument == value
    case "anyOf": argument.elements.contains { accepts(value, $0) }
    case "allOf": argument.elements.allSatisfy { accepts(value, $0) }
    case "not": !accepts(value, argument)
    case "if": !accepts(value, argument) || schema["then"].map { accepts(value, $0) } ?? true
    case "then", "$schema": true
    default: acceptsByKind(value, keyword, argument, of: schema)
    }
  }

  private static func acceptsByKind(
    _ value: RawJSON, _ keyword: String, _ argument: RawJSON, of schema: RawJSON
  ) -> Bool {
    switch (keyword, value.kind) {
    case ("properties", .object):
      argument.members.allSatisfy { member in
        value[member.key].map { accepts($0, member.value) } ?? true
      }
    case ("required", .object): argument.elements.allSatisfy { value[$0.string ?? ""] != nil }
    case ("additionalProperties", .object):
      value.members.allSatisfy { member in
        schema["properties"]?[member.key] != nil
          || argument.boolean ?? accepts(member.value, argument)
      }
    case ("propertyNames", .object):
      value.members.allSatisfy { accepts(.string($0.key), argument) }
    case ("maxProperties", .object): value.members.count <= argument.integer ?? 0
    case ("items", .array): value.elements.allSatisfy { accepts($0, argument) }
    case ("minItems", .array): value.elements.count >= argument.integer ?? 0
    case ("maxItems", .array): value.elements.count <= argument.integer ?? 0
    case ("minLength", .string): length(value) >= argument.integer ?? 0
    case ("maxLength", .string): length(value) <= argument.integer ?? 0
    case ("pattern", .string): matches(value.string ?? "", argument.string ?? "")
    case ("minimum", .number): (value.double ?? .infinity) >= argument.double ?? 0
    case ("maximum", .number): (value.double ?? .infinity) <= argument.double ?? 0
    default: true
    }
  }

  private static func length(_ value: RawJSON) -> Int64 {
    Int64(value.string?.unicodeScalars.count ?? 0)
  }

  private static func matches(_ text: String, _ expression: String) -> Bool {
    do {
      return try Regex(expression).wholeMatch(in: text) != nil
    } catch {
      return false
    }
  }

  private static func isType(_ value: RawJSON, _ name: String) -> Bool {
    switch (name, value.kind) {
    case ("null", .null), ("boolean", .boolean), ("string", .string), ("number", .number),
      ("array", .array), ("object", .object):
      true
    case ("integer", .number): value.double.map { $0 == $0.rounded() } ?? false
    default: false
    }
  }

  // MARK: Thinking of values

  /// Of every kind, and what looks like something else.
  private static let odd = [
    "null", "true", "false", "0", "1", "-1", "1.5", "1e0", "20.0", "1e400", #""""#, #""x""#,
    #""auto""#, "[]", "[null]", "[1]", #"["x"]"#, "{}", #"{"x":1}"#, #"{"type":null}"#,
    #"{"type":1}"#, #"{"type":"new_kind"}"#,
  ]

  private static let words = [
    "a.b", "a b", "a/b", "é", "a\\n", "conv_", "conv_1", "conv_\\n", "12h", "12", "h", "5ms", "1w",
    "12345678901d", "2026-01-31", "2026-02-30", "2024-02-29", "2100-02-29", "2023-02-29",
    "1969-12-31", "2026-13-01", "2026-1-1", String(repeating: "x", count: 64),
    String(repeating: "x", count: 65), String(repeating: "x", count: 128),
    String(repeating: "x", count: 129),
  ]

  /// Values at the bounds of a schema and beyond them, and of all other kinds.
  static func values(for schema: RawJSON, depth: Int = 0) -> [String] {
    var values = odd + bounds(of: schema)
    for part in ["anyOf", "allOf"].flatMap({ schema[$0]?.elements ?? [] }) {
      values += Self.values(for: part, depth: depth + 1)
    }
    guard depth < 8 else { return values }
    if let then = schema["then"], let name = schema["if"].flatMap(typeName) {
      values += objects(then, type: name, depth: depth + 1)
    }
    if let items = schema["items"] {
      values += Self.values(for: items, depth: depth + 1).map { "[\($0)]" }
    }
    if let rule = schema["additionalProperties"], rule.kind == .object {
      values += Self.values(for: rule, depth: depth + 1).map { #"{"k":\#($0)}"# }
    }
    if schema["properties"] != nil { values += objects(schema, type: nil, depth: depth + 1) }
    return Array(Set(values))
  }

  private static func typeName(_ condition: RawJSON) -> String? {
    let says = condition["anyOf"]?.elements.first ?? condition
    return says["properties"]?["type"]?["const"]?.string
  }

  /// Objects whose other members are right, as far as they can be thought of, and one is any value.
  private static func objects(_ schema: RawJSON, type: String?, depth: Int) -> [String] {
    let candidates = (schema["properties"]?.members ?? []).map { property in
      (key: property.key, rule: property.value, values: values(for: property.value, depth: depth))
    }
    var whole = type.map { ["type": "\"\($0)\""] } ?? [:]
    for (key, rule, values) in candidates { whole[key] = right(values, rule) }
    var objects = [text(whole), text(whole.merging(["no_member": "1"]) { $1 })]
    if type != nil { objects.append(text(whole.merging(["type": "null"]) { $1 })) }
    for (key, _, values) in candidates {
      var rest = whole
      rest[key] = nil
      objects.append(text(rest))
      objects += values.map { text(rest.merging([key: $0]) { $1 }) }
    }
    return objects
  }

  /// A value that a rule takes, and that is not null.
  private static func right(_ values: [String], _ rule: RawJSON) -> String? {
    values.sorted().first { parsed($0).map { !$0.isNull && accepts($0, rule) } ?? false }
  }

  static func text(_ members: [String: String]) -> String {
    "{"
      + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
      .joined(separator: ",") + "}"
  }

  static func parsed(_ text: String) -> RawJSON? {
    do { return try RawJSON(parsing: text) } catch { return nil }
  }

  private static func bounds(of schema: RawJSON) -> [String] {
    var values = (schema["enum"]?.elements ?? []).map(\.text)
    if schema["pattern"] != nil { values += words.map { "\"\($0)\"" } }
    for keyword in ["minLength", "maxLength"] {
      guard let bound = schema[keyword]?.integer, bound < longestText else { continue }
      for length in [bound - 1, bound, bound + 1] where length >= 0 {
        values += ["x", "é"].map { "\"\(String(repeating: $0, count: Int(length)))\"" }
      }
    }
    for keyword in ["minimum", "maximum"] {
      guard let bound = schema[keyword]?.double, abs(bound) < 1e12 else { continue }
      values += [bound - 1, bound, bound + 1, bound - 0.25, bound + 0.25].map { number($0) }
    }
    if let most = schema["maxItems"]?.integer, let items = schema["items"] {
      let item = right(Self.values(for: items, depth: 6), items)
      for count in [most, most + 1] {
        let list = Array(repeating: item ?? "1", count: Int(count))
        values.append("[\(list.joined(separator: ","))]")
      }
    }
    if let most = schema["maxProperties"]?.integer {
      for count in [most, most + 1] {
        values.append(text((0..<count).reduce(into: [:]) { $0["k\($1)"] = "\"v\"" }))
      }
    }
    if let longest = schema["propertyNames"]?["maxLength"]?.integer {
      for count in [longest, longest + 1] {
        values.append(text([String(repeating: "k", count: Int(count)): "\"v\""]))
      }
    }
    return values
  }

  /// Spells 2.0 as 2: only some of these are to be integers with a fraction.
  private static func number(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
