package import JSON

/// Checks a value against a JSON Schema (draft 2020-12), as far as structured output and tools use
/// it.
///
/// Not checked: regular expressions (`pattern`, `patternProperties`), references outside the schema,
/// `unevaluated…`. `ignoredKeywords` names those that were met. `format` and what merely describes
/// say nothing about validity.
package struct SchemaChecker {
  /// One place where a value is not what the schema asks for.
  package struct Mismatch: Equatable, Sendable, CustomStringConvertible {
    /// Where, as in `$.items[2].price`.
    package let path: String
    package let found: String
    package let expected: String

    package var description: String { "\(path): found \(found), expected \(expected)" }
  }

  /// What each look at a schema costs, however short both are, in bytes that are read meanwhile.
  private static let workOfStep = 1024
  /// References that follow one another at one place, without a step into the value.
  private static let deepestReference = 64

  private let root: RawJSON
  private let maximumWork: Int
  private var work = 0
  package private(set) var mismatches: [Mismatch] = []
  package private(set) var ignoredKeywords: Set<String> = []
  private var referenceDepth = 0

  /// - Parameter maximumWork: bytes of schemas and values that are read in all, each as often as it
  ///   is read, and 1024 for each time that a value is held against a schema. A short schema whose references branch can ask for more than ever ends; where the
  ///   bound is met, that is a mismatch.
  package init(_ schema: RawJSON, maximumWork: Int = .max) {
    root = schema
    self.maximumWork = maximumWork
  }

  /// Whether a value matches a schema that lies within the root; nothing is noted.
  mutating func matches(_ value: RawJSON, _ schema: RawJSON) -> Bool {
    trial(value, schema, "$").isEmpty
  }

  /// Checks a value and notes what does not match.
  package mutating func check(_ value: RawJSON) {
    check(value, against: root, at: "$")
    if work > maximumWork {
      mismatches = [
        Mismatch(path: "$", found: "too much to check", expected: "a smaller or plainer value")
      ]
    }
  }

  /// Counts work; false once there was too much of it.
  mutating func spend(_ count: Int) -> Bool {
    work += count
    return work <= maximumWork
  }

  // MARK: One schema

  mutating func check(_ value: RawJSON, against schema: RawJSON, at path: String) {
    if schema.boolean == false { return note(path, value, "nothing here") }
    guard schema.kind == .object, spend(Self.workOfStep + schema.bytes.count + value.bytes.count)
    else { return }
    for keyword in schema.members {
      check(value, keyword.key, keyword.value, of: schema, at: path)
    }
  }

  private mutating func check(
    _ value: RawJSON, _ keyword: String, _ argument: RawJSON, of schema: RawJSON, at path: String
  ) {
    switch keyword {
    case "type": checkType(value, argument, path)
    case "enum": checkEnumeration(value, argument, path)
    case "const":
      if !JSONEquality.areEqual(value, argument) { note(path, value, argument.excerpt) }
    case "$ref": checkReference(value, argument, path)
    case "allOf": for schema in argument.elements { check(value, against: schema, at: path) }
    case "anyOf": checkAny(value, argument.elements, path)
    case "oneOf": checkOne(value, argument.elements, path)
    case "not":
      if matches(value, argument) { note(path, value, "a value that does not match \"not\"") }
    case "if": checkCondition(value, argument, of: schema, path)
    case "pattern", "patternProperties", "unevaluatedProperties", "unevaluatedItems",
      "$dynamicRef", "contentEncoding":
      ignoredKeywords.insert(keyword)
    default: checkByKind(value, keyword, argument, of: schema, at: path)
    }
  }

  private mutating func checkByKind(
    _ value: RawJSON, _ keyword: String, _ argument: RawJSON, of schema: RawJSON, at path: String
  ) {
    switch value.kind {
    case .object: checkObject(value, keyword, argument, of: schema, at: path)
    case .array: checkArray(value, keyword, argument, of: schema, at: path)
    case .string: checkString(value, keyword, argument, path)
    case .number: checkNumber(value, keyword, argument, path)
    case .null, .boolean: break
    }
  }

  // MARK: Any value

  private mutating func checkType(_ value: RawJSON, _ argument: RawJSON, _ path: String) {
    let names = argument.string.map { [$0] } ?? argument.elements.compactMap(\.string)
    guard !names.contains(where: { Self.isType(value, $0) }) else { return }
    note(path, value, names.map(Self.withArticle).joined(separator: " or "))
  }

  private static func isType(_ value: RawJSON, _ name: String) -> Bool {
    switch (name, value.kind) {
    case ("null", .null), ("boolean", .boolean), ("string", .string), ("number", .number),
      ("array", .array), ("object", .object):
      true
    case ("integer", .number):
      value.integer != nil || value.double.map { $0 == $0.rounded() } ?? false
    default: false
    }
  }

  private static func withArticle(_ type: String) -> String {
    switch type {
    case "null": "null"
    case "integer", "array", "object": "an \(type)"
    default: "a \(type)"
    }
  }

  private mutating func checkEnumeration(_ value: RawJSON, _ argument: RawJSON, _ path: String) {
    let choices = argument.elements
    guard spend(value.bytes.count * choices.count),
      !choices.contains(where: { JSONEquality.areEqual(value, $0) })
    else { return }
    note(path, value, "one of " + choices.map(\.excerpt).joined(separator: ", "))
  }

  private mutating func checkReference(_ value: RawJSON, _ argument: RawJSON, _ path: String) {
    guard spend(root.bytes.count) else { return }
    guard let pointer = argument.string,
      let schema = JSONPointer(fragment: pointer)?.value(in: root),
      referenceDepth < Self.deepestReference
    else {
      ignoredKeywords.insert("$ref \(argument.excerpt)")
      return
    }
    referenceDepth += 1
    check(value, against: schema, at: path)
    referenceDepth -= 1
  }

  // MARK: Several schemas

  private mutating func trial(
    _ value: RawJSON, _ schema: RawJSON, _ path: String
  ) -> [Mismatch] {
    let before = mismatches
    defer { mismatches = before }
    mismatches = []
    check(value, against: schema, at: path)
    return mismatches
  }

  /// Of several alternatives that all fail, the one that fails least is told about.
  private mutating func checkAny(_ value: RawJSON, _ schemas: [RawJSON], _ path: String) {
    var nearest: [Mismatch]?
    for schema in schemas {
      let mismatches = trial(value, schema, path)
      if mismatches.isEmpty { return }
      if mismatches.count < nearest?.count ?? .max { nearest = mismatches }
    }
    guard let nearest else { return }
    if nearest.contains(where: { $0.path == path }) {
      note(path, value, "to match one of \(schemas.count) alternatives (\(nearest[0].expected), …)")
    } else {
      mismatches += nearest
    }
  }

  private mutating func checkOne(_ value: RawJSON, _ schemas: [RawJSON], _ path: String) {
    var count = 0
    for schema in schemas where matches(value, schema) { count += 1 }
    guard count != 1 else { return }
    guard count > 1 else { return checkAny(value, schemas, path) }
    note(path, value, "to match one of \(schemas.count) alternatives and not \(count) of them")
  }

  private mutating func checkCondition(
    _ value: RawJSON, _ condition: RawJSON, of schema: RawJSON, _ path: String
  ) {
    guard let next = schema[matches(value, condition) ? "then" : "else"] else { return }
    check(value, against: next, at: path)
  }

  mutating func note(_ path: String, _ value: RawJSON, _ expected: String) {
    note(path, found: value.excerpt, expected)
  }

  mutating func note(_ path: String, found: String, _ expected: String) {
    let mismatch = Mismatch(path: path, found: found, expected: expected)
    if !mismatches.contains(mismatch) { mismatches.append(mismatch) }
  }
}
