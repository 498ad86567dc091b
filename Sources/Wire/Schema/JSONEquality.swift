package import JSON

/// Compares JSON values by what they mean (JSON Schema core, section 4.2.2): numbers by value, objects
/// without regard to the order of their members.
package enum JSONEquality {
  package static func areEqual(_ first: RawJSON, _ second: RawJSON) -> Bool {
    guard first.kind == second.kind else { return false }
    switch first.kind {
    case .null: return true
    case .boolean: return first.boolean == second.boolean
    case .string: return first.string == second.string
    case .number: return areEqualNumbers(first, second)
    case .array: return areEqualArrays(first.elements, second.elements)
    case .object: return areEqualObjects(first, second)
    }
  }

  private static func areEqualNumbers(_ first: RawJSON, _ second: RawJSON) -> Bool {
    if let first = first.integer, let second = second.integer { return first == second }
    guard let firstValue = first.double, let secondValue = second.double else {
      return first.bytes == second.bytes
    }
    return firstValue == secondValue
  }

  private static func areEqualArrays(_ first: [RawJSON], _ second: [RawJSON]) -> Bool {
    first.count == second.count && zip(first, second).allSatisfy { areEqual($0, $1) }
  }

  private static func areEqualObjects(_ first: RawJSON, _ second: RawJSON) -> Bool {
    let members = first.members
    var others: [String: RawJSON] = [:]
    for member in second.members { others[member.key] = member.value }
    return members.count == others.count
      && members.allSatisfy { member in
        others[member.key].map { areEqual(member.value, $0) } ?? false
      }
  }
}
