package import JSON

/// The rules as JSON Schema (draft 2020-12), for clients that check before they send.
extension Rule {
  var jsonSchema: RawJSON {
    switch self {
    case .boolean: return .type("boolean")
    case .string: return .type("string")
    case .text(let lengths): return Self.string(lengths)
    case .matching(let pattern):
      return .type("string") { $0.member("pattern", pattern.expression) }
    case .oneOf(let words):
      return .object { schema in
        schema.key("enum")
        schema.array { array in for word in words { array.string(word) } }
      }
    case .integer(let range):
      return .type("integer") { schema in
        schema.member("minimum", range.lowerBound)
        schema.member("maximum", range.upperBound)
      }
    case .number(let range):
      return .type("number") { schema in
        schema.key("minimum")
        schema.double(range.lowerBound)
        schema.key("maximum")
        schema.double(range.upperBound)
      }
    case .array, .map: return containerSchema
    case .object(let shape): return shape.jsonSchema
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
  package var jsonSchema: RawJSON {
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
      if !clauses.isEmpty {
        schema.key("allOf")
        schema.array { array in for clause in clauses { array.value(clause.jsonSchema) } }
      }
      if !isOpen { schema.member("additionalProperties", false) }
    }
  }
}

extension TaggedShape {
  /// Any type is taken; what is known of one holds where the type says so.
  var jsonSchema: RawJSON {
    let isTyped = Clause.Literal.present(["type"])
    let impliedBy = implied.flatMap { $0.by }.map { Clause.Literal.present([$0]) }
    return .type("object") { schema in
      schema.key("properties")
      schema.object { $0.member("type", RawJSON.type("string").orNull) }
      schema.key("allOf")
      schema.array { array in
        array.value(Clause([isTyped] + impliedBy, else: [], "").jsonSchema)
        for name in shapes.keys.sorted() {
          guard let shape = shapes[name] else { continue }
          array.object { condition in
            condition.member("if", self.condition(name))
            condition.member("then", shape.jsonSchema)
          }
        }
      }
    }
  }

  /// Whether an object is of a type: it says so, or leaves it out and can't be of another.
  private func condition(_ name: String) -> RawJSON {
    let says = RawJSON.type("object") { schema in
      schema.key("required")
      schema.array { $0.string("type") }
      schema.key("properties")
      schema.object { $0.member("type", RawJSON.object { $0.member("const", name) }) }
    }
    guard let index = implied.firstIndex(where: { $0.type == name }) else { return says }
    let others = implied[..<index].flatMap { $0.by } + ["type"]
    let fits = Clause(implied[index].by.map { .present([$0]) }, else: [], "").jsonSchema
    return .object { either in
      either.key("anyOf")
      either.array { array in
        array.value(says)
        array.object { implication in
          implication.key("allOf")
          implication.array { all in
            all.value(fits)
            for other in others { all.value(Clause.Literal.not(.present([other])).jsonSchema) }
          }
        }
      }
    }
  }
}

extension RawJSON {
  /// A schema for values of one type.
  static func type(
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
