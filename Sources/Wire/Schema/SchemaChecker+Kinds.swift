internal import JSON

/// The keywords that concern values of one kind (JSON Schema validation, section 6).
extension SchemaChecker {
  // MARK: Objects

  mutating func checkObject(
    _ value: RawJSON, _ keyword: String, _ argument: RawJSON, of schema: RawJSON, at path: String
  ) {
    // Each member is looked for from the start of the object.
    guard spend(value.bytes.count * max(argument.members.count, argument.elements.count)) else {
      return
    }
    switch keyword {
    case "properties": checkProperties(value, argument, path)
    case "required":
      for name in argument.elements.compactMap(\.string) where value[name] == nil {
        note(path, found: "no member \"\(name)\"", "one")
      }
    case "additionalProperties": checkAdditional(value, argument, of: schema, path)
    case "propertyNames":
      for member in value.members {
        check(.string(member.key), against: argument, at: path + " key")
      }
    case "minProperties": atLeast(argument, value.members.count, "members", path)
    case "maxProperties": atMost(argument, value.members.count, "members", path)
    case "dependentRequired": checkDependent(value, argument, path)
    case "dependentSchemas":
      for dependency in argument.members where value[dependency.key] != nil {
        check(value, against: dependency.value, at: path)
      }
    default: break
    }
  }

  private mutating func checkProperties(_ value: RawJSON, _ argument: RawJSON, _ path: String) {
    for property in argument.members {
      guard let member = value[property.key] else { continue }
      check(member, against: property.value, at: path + Self.step(property.key))
    }
  }

  private mutating func checkAdditional(
    _ value: RawJSON, _ argument: RawJSON, of schema: RawJSON, _ path: String
  ) {
    // Which members a pattern covers is not known here.
    guard schema["patternProperties"] == nil else { return }
    let known = Set(schema["properties"]?.members.map(\.key) ?? [])
    for member in value.members where !known.contains(member.key) {
      if argument.boolean == false {
        note(path, found: "member \"\(member.key)\"", "no members beside those of the schema")
      } else {
        check(member.value, against: argument, at: path + Self.step(member.key))
      }
    }
  }

  private mutating func checkDependent(_ value: RawJSON, _ argument: RawJSON, _ path: String) {
    for dependency in argument.members where value[dependency.key] != nil {
      for name in dependency.value.elements.compactMap(\.string) where value[name] == nil {
        note(path, found: "no member \"\(name)\"", "one, because there is \"\(dependency.key)\"")
      }
    }
  }

  // MARK: Arrays

  mutating func checkArray(
    _ value: RawJSON, _ keyword: String, _ argument: RawJSON, of schema: RawJSON, at path: String
  ) {
    switch keyword {
    case "items": checkItems(value, argument, of: schema, path)
    case "prefixItems":
      for (index, (item, schema)) in zip(value.elements, argument.elements).enumerated() {
        check(item, against: schema, at: "\(path)[\(index)]")
      }
    case "minItems": atLeast(argument, value.elements.count, "items", path)
    case "maxItems": atMost(argument, value.elements.count, "items", path)
    case "uniqueItems": if argument.boolean == true { checkUnique(value.elements, path) }
    case "contains": checkContains(value.elements, argument, of: schema, path)
    default: break
    }
  }

  private mutating func checkItems(
    _ value: RawJSON, _ argument: RawJSON, of schema: RawJSON, _ path: String
  ) {
    let first = schema["prefixItems"]?.elements.count ?? 0
    for (index, item) in value.elements.enumerated().dropFirst(first) {
      check(item, against: argument, at: "\(path)[\(index)]")
    }
  }

  private mutating func checkUnique(_ items: [RawJSON], _ path: String) {
    for later in items.indices {
      for earlier in items[..<later] {
        guard spend(earlier.bytes.count + items[later].bytes.count) else { return }
        guard JSONEquality.areEqual(earlier, items[later]) else { continue }
        return note("\(path)[\(later)]", items[later], "an item that is not there before")
      }
    }
  }

  private mutating func checkContains(
    _ items: [RawJSON], _ argument: RawJSON, of schema: RawJSON, _ path: String
  ) {
    var count = 0
    for item in items where matches(item, argument) { count += 1 }
    let least = schema["minContains"]?.integer ?? 1
    if count < least { note(path, found: "\(count) fitting items", "at least \(least)") }
    if let most = schema["maxContains"]?.integer, count > most {
      note(path, found: "\(count) fitting items", "at most \(most)")
    }
  }

  // MARK: Strings and numbers

  mutating func checkString(
    _ value: RawJSON, _ keyword: String, _ argument: RawJSON, _ path: String
  ) {
    let count = value.string?.unicodeScalars.count ?? 0
    switch keyword {
    case "minLength": atLeast(argument, count, "characters", path)
    case "maxLength": atMost(argument, count, "characters", path)
    default: break
    }
  }

  mutating func checkNumber(
    _ value: RawJSON, _ keyword: String, _ argument: RawJSON, _ path: String
  ) {
    guard let number = value.double, let limit = argument.double else { return }
    switch keyword {
    case "minimum" where number < limit: note(path, value, "at least \(argument.text)")
    case "maximum" where number > limit: note(path, value, "at most \(argument.text)")
    case "exclusiveMinimum" where number <= limit: note(path, value, "more than \(argument.text)")
    case "exclusiveMaximum" where number >= limit: note(path, value, "less than \(argument.text)")
    case "multipleOf" where limit > 0 && !Self.isMultiple(number, of: limit):
      note(path, value, "a multiple of \(argument.text)")
    default: break
    }
  }

  /// 0.3 is a multiple of 0.1, although no doubles say so.
  private static func isMultiple(_ number: Double, of step: Double) -> Bool {
    let quotient = number / step
    return abs(quotient - quotient.rounded()) <= abs(quotient) * 1e-12
  }

  private mutating func atLeast(_ limit: RawJSON, _ count: Int, _ what: String, _ path: String) {
    guard let least = limit.integer, count < least else { return }
    note(path, found: "\(count) \(what)", "at least \(least)")
  }

  private mutating func atMost(_ limit: RawJSON, _ count: Int, _ what: String, _ path: String) {
    guard let most = limit.integer, count > most else { return }
    note(path, found: "\(count) \(what)", "at most \(most)")
  }

  private static func step(_ key: String) -> String {
    let isPlain =
      !key.isEmpty && key.utf8.allSatisfy { Character(Unicode.Scalar($0)).isLetter || $0 == 0x5F }
    return isPlain ? ".\(key)" : "[\(RawJSON.string(key).text)]"
  }
}
