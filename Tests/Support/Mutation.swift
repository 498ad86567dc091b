package import JSON

/// What may come in the place of what is expected.
package enum Mutation {
  package static let wrongValues: [RawJSON] = [
    "null", "true", "0", "-1", "9223372036854775807", "1.5e300", #""""#, #""\ud83d x""#, "[]",
    "[1,null]", "{}", #"{"type":7,"id":{}}"#,
  ].map { RawJSON(checked: Array($0.utf8)[...]) }

  /// All values that differ from one in one place, at any depth: a member or element that is another
  /// value, or a member that is missing.
  package static func mutants(of json: RawJSON) -> [RawJSON] {
    switch json.kind {
    case .object:
      json.members.flatMap { member in
        (wrongValues + mutants(of: member.value)).map { json.setting(member.key, to: $0) }
          + [json.removing(member.key)]
      }
    case .array:
      json.elements.indices.flatMap { index in
        (wrongValues + mutants(of: json.elements[index])).map { value in
          var elements = json.elements
          elements[index] = value
          return array(elements)
        }
      }
    default: []
    }
  }

  package static func array(_ elements: [RawJSON]) -> RawJSON {
    .build { writer in writer.array { for element in elements { $0.value(element) } } }
  }
}
