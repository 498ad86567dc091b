internal import JSON

/// The rules as JSON Schema (draft 2020-12), for clients that check before they send.
extension Rule {
  var jsonSchema: RawJSON {
    switch self {
    case .boolean: return .type("boolean")
    case .string: return .type("string")
    case .text(let lengths): return Self.string(lengths)
    case .bytes(let counts):
      // JSON Schema counts characters, of which there are no more than bytes.
      return Self.string(min(1, counts.lowerBound)...counts.upperBound)
    case .name(let longest):
      return .type("string") { $0.member("pattern", "^[A-Za-z0-9_-]{1,\(longest)}$") }
    case .oneOf(let words):
      return .object { schema in
        schema.key("enum")
        schema.array { array in for word in words { array.string(word) } }
      }
    case .integer(let range):
      return .type("integer") { schema in
        if range.lowerBound != .min { schema.member("minimum", range.lowerBound) }
        if range.upperBound != .max { schema.member("maximum", range.upperBound) }
      }
    case .number(let range):
      return .type("number") { schema in
        schema.key("minimum")
        schema.double(range.lowerBound)
        schema.key("maximum")
        schema.double(range.upperBound)
      }
    case .array, .map: return containerSchema
    case .object(let shape): return shape.jsonSchema(isOpen: true)
    case .tagged(let shape): return shape.jsonSchema
    case .either(let rules):
      return .object { schema in
        schema.key("anyOf")
        schema.array { array in for rule in rules { array.value(rule.jsonSchema) } }
      }
    }
  }

  private static func string(_ lengths: ClosedRange<Int>) -> RawJSON {
    .type("string") { schema in
      if lengths.lowerBound > 0 { schema.member("minLength", lengths.lowerBound) }
      if lengths.upperBound != .max { schema.member("maxLength", lengths.upperBound) }
    }
  }

  private var containerSchema: RawJSON {
    switch self {
    case .array(let rule, let counts):
      return .type("array") { schema in
        schema.member("items", rule.jsonSchema)
        if counts.lowerBound > 0 { schema.member("minItems", counts.lowerBound) }
        if counts.upperBound != .max { schema.member("maxItems", counts.upperBound) }
      }
    case .map(let rule, let counts, let longestKey):
      return .type("object") { schema in
        schema.member("additionalProperties", rule.jsonSchema)
        if counts.upperBound != .max { schema.member("maxProperties", counts.upperBound) }
        guard longestKey != .max else { return }
        schema.key("propertyNames")
        schema.object { $0.member("maxLength", longestKey) }
      }
    default: preconditionFailure("a rule that is no container")
    }
  }
}

extension Shape {
  /// - Parameter isOpen: whether members without a rule may be there.
  func jsonSchema(isOpen: Bool) -> RawJSON {
    .type("object") { schema in
      schema.key("properties")
      schema.object { properties in
        for name in rules.keys.sorted() {
          guard let rule = rules[name] else { continue }
          let isRequired = required.contains(name)
          properties.member(name, isRequired ? rule.jsonSchema : rule.jsonSchema.orNull)
        }
      }
      if !required.isEmpty {
        schema.key("required")
        schema.array { array in for name in required { array.string(name) } }
      }
      if !isOpen { schema.member("additionalProperties", false) }
    }
  }
}

extension TaggedShape {
  /// Any type is taken; what is known of one holds where the type says so.
  var jsonSchema: RawJSON {
    .type("object") { schema in
      schema.key("properties")
      schema.object { $0.member("type", RawJSON.type("string")) }
      schema.key("allOf")
      schema.array { array in
        for name in shapes.keys.sorted() {
          guard let shape = shapes[name] else { continue }
          array.object { condition in
            condition.member("if", Self.condition(name))
            condition.member("then", shape.jsonSchema(isOpen: true))
          }
        }
      }
    }
  }

  private static func condition(_ name: String) -> RawJSON {
    .object { condition in
      condition.key("properties")
      condition.object { properties in
        properties.key("type")
        properties.object { $0.member("const", name) }
      }
      condition.key("required")
      condition.array { $0.string("type") }
    }
  }
}

extension RawJSON {
  fileprivate static func type(
    _ name: String, _ rest: (inout JSONWriter) -> Void = { _ in }
  ) -> RawJSON {
    .object { schema in
      schema.member("type", name)
      rest(&schema)
    }
  }

  /// Members that need not be there may be null too.
  fileprivate var orNull: RawJSON {
    let own = self
    return .object { schema in
      schema.key("anyOf")
      schema.array {
        $0.value(own)
        $0.value(.type("null"))
      }
    }
  }
}
