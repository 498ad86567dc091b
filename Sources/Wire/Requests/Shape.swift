package import JSON

/// What the known members of an object have to be.
package struct Shape: Sendable {
  package let rules: [String: Rule]
  let required: [String]
  package let clauses: [Clause]
  /// Whether a member without a rule may be anything, rather than not be there.
  let isOpen: Bool

  /// - Parameters:
  ///   - required: members that may be neither missing nor null; the others may be both.
  ///   - clauses: what the members have to be together.
  package init(
    _ rules: [String: Rule] = [:], required: [String] = [], clauses: [Clause] = [],
    isOpen: Bool = true
  ) {
    self.rules = rules
    self.required = required
    self.clauses = clauses
    self.isOpen = isOpen
  }

  /// Checks the params of a request.
  ///
  /// - Returns: their members.
  @discardableResult
  package func check(_ params: RawJSON) throws(RPCError) -> [RawJSON.Member] {
    let members = params.members
    do throws(Refusal) {
      guard params.kind == .object else {
        throw Rule.anyObject.refusal(of: params.foundText).inside("params")
      }
      try check(members)
    } catch {
      throw error.error
    }
    return members
  }

  func check(_ members: [RawJSON.Member]) throws(Refusal) {
    for member in members {
      guard let rule = rules[member.key] else {
        if isOpen { continue }
        throw unknown(member.key)
      }
      if member.value.isNull, !required.contains(member.key) { continue }
      do throws(Refusal) {
        try rule.check(member.value)
      } catch {
        throw error.inside(member.key)
      }
    }
    for name in required where !members.contains(where: { $0.key == name }) {
      throw (rules[name] ?? .string).refusal(of: "nothing").inside(name)
    }
    for clause in clauses { try clause.check(members) }
  }

  private func unknown(_ key: String) -> Refusal {
    let known = rules.keys.sorted()
    let suggestion = closest(to: key, among: known)
    let hint =
      suggestion.map { "did you mean \"\($0)\"?" }
      ?? (known.isEmpty ? "there are none" : "known are \(known.joined(separator: ", "))")
    return Refusal(
      "an unknown member found, a known one was expected; \(hint)", suggestion: suggestion
    ).inside(key)
  }
}

/// What an object has to be whose `type` says what else it holds.
///
/// Types that are not listed are the upstream's business: such objects are taken as they are.
package struct TaggedShape: Sendable {
  let shapes: [String: Shape]
  /// The types of objects that leave theirs out, each by members of which one is there; the first
  /// that fits counts.
  let implied: [(type: String, by: [String])]

  init(_ shapes: [String: Shape], implied: [(type: String, by: [String])] = []) {
    self.shapes = shapes
    self.implied = implied
  }

  func check(_ members: [RawJSON.Member]) throws(Refusal) {
    let type = members.nonNull("type")
    if let type, type.kind != .string {
      throw Rule.string.refusal(of: type.foundText).inside("type")
    }
    let guess = implied.first { $0.by.contains { members.nonNull($0) != nil } }?.type
    guard let name = type?.string ?? guess else {
      throw Rule.string.refusal(of: "nothing").inside("type")
    }
    try shapes[name]?.check(members)
  }
}

extension [RawJSON.Member] {
  /// The value of a member that is there and is not null.
  func nonNull(_ key: String) -> RawJSON? {
    guard let value = first(where: { $0.key == key })?.value, !value.isNull else { return nil }
    return value
  }
}
