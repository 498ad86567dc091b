internal import JSON

/// What the members of an object have to be together: at least one of some things has to hold.
package struct Clause: Sendable {
  /// One thing about a member, by the keys that lead to it.
  package indirect enum Literal: Sendable {
    /// The member is there and not null.
    case present([String])
    /// The member is there, be it null.
    case given([String])
    case isTrue([String])
    case not(Literal)
  }

  let literals: [Literal]
  /// What is told of, and why, where none holds.
  let path: [String]
  let message: String

  package init(_ literals: [Literal], else path: [String], _ message: String) {
    self.literals = literals
    self.path = path
    self.message = message
  }

  func check(_ members: [RawJSON.Member]) throws(Refusal) {
    guard !literals.contains(where: { $0.holds(members) }) else { return }
    throw path.reversed().reduce(Refusal(message)) { $0.inside($1) }
  }
}

extension Clause {
  /// At least one of some members has to be there.
  static func oneNeeded(_ names: [String]) -> Clause {
    Clause(
      names.map { .present([$0]) }, else: [],
      "none of them found, one of \(Rule.list(names)) was expected")
  }

  /// Two members can't both be there.
  static func exclusive(_ name: String, _ other: String) -> Clause {
    Clause(
      [.not(.present([name])), .not(.present([other]))], else: [name],
      "found together with \(other), one of them was expected")
  }

  /// A member needs a flag to be set.
  package static func needs(_ name: String, _ flag: String) -> Clause {
    Clause(
      [.not(.present([name])), .isTrue([flag])], else: [name],
      "found without \"\(flag)\": true, which was expected with it")
  }
}

extension Clause.Literal {
  func holds(_ members: [RawJSON.Member]) -> Bool {
    switch self {
    case .present(let path): Self.value(path, members)?.isNull == false
    case .given(let path): Self.value(path, members) != nil
    case .isTrue(let path): Self.value(path, members)?.boolean == true
    case .not(let literal): !literal.holds(members)
    }
  }

  private static func value(_ path: [String], _ members: [RawJSON.Member]) -> RawJSON? {
    guard let key = path.first, let value = members.first(where: { $0.key == key })?.value else {
      return nil
    }
    return path.count == 1 ? value : Self.value(Array(path.dropFirst()), value.members)
  }

  var jsonSchema: RawJSON {
    switch self {
    case .present(let path):
      Self.nested(path[...], .object { $0.member("not", RawJSON.type("null")) })
    case .given(let path): Self.nested(path[...], .emptyObject)
    case .isTrue(let path): Self.nested(path[...], .object { $0.member("const", true) })
    case .not(let literal): .object { $0.member("not", literal.jsonSchema) }
    }
  }

  private static func nested(_ path: ArraySlice<String>, _ leaf: RawJSON) -> RawJSON {
    guard let key = path.first else { return leaf }
    return .type("object") { schema in
      schema.key("required")
      schema.array { $0.string(key) }
      schema.key("properties")
      schema.object { $0.member(key, nested(path.dropFirst(), leaf)) }
    }
  }
}

extension Clause {
  var jsonSchema: RawJSON {
    .object { schema in
      schema.key("anyOf")
      schema.array { array in for literal in literals { array.value(literal.jsonSchema) } }
    }
  }
}
