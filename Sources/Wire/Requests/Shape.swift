internal import JSON

/// What the known members of an object have to be; unknown ones may be anything.
struct Shape: Sendable {
  let rules: [String: Rule]
  let required: [String]
  private let oneNeeded: [String]

  /// - Parameters:
  ///   - required: members that may be neither missing nor null; the others may be both.
  ///   - oneNeeded: members of which at least one has to be there.
  init(
    _ rules: [String: Rule] = [:], required: [String] = [], oneNeeded: [String] = []
  ) {
    self.rules = rules
    self.required = required
    self.oneNeeded = oneNeeded
  }

  func check(_ members: [RawJSON.Member]) throws(Refusal) {
    for member in members {
      guard let rule = rules[member.key] else { continue }
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
    guard oneNeeded.isEmpty || oneNeeded.contains(where: { members.nonNull($0) != nil }) else {
      throw Refusal(found: "none of them", expected: "one of \(Rule.list(oneNeeded))")
    }
  }

  /// The first member without a rule.
  func firstUnknown(of members: [RawJSON.Member]) -> String? {
    members.first { rules[$0.key] == nil }?.key
  }

  /// The known member that a mistyped one most likely meant.
  func suggestion(for key: String) -> String? {
    closest(to: key, among: rules.keys.sorted())
  }
}

/// What an object has to be whose `type` says what else it holds.
///
/// Types that are not listed are the upstream's business: such objects are taken as they are.
struct TaggedShape: Sendable {
  let shapes: [String: Shape]
  private let implied: @Sendable ([RawJSON.Member]) -> String?

  /// - Parameter implied: the type of an object that leaves it out, where it can do without.
  init(
    _ shapes: [String: Shape],
    implied: @escaping @Sendable ([RawJSON.Member]) -> String? = { _ in nil }
  ) {
    self.shapes = shapes
    self.implied = implied
  }

  func check(_ members: [RawJSON.Member]) throws(Refusal) {
    let type = members.nonNull("type")
    if let type, type.kind != .string {
      throw Rule.string.refusal(of: type.foundText).inside("type")
    }
    guard let name = type?.string ?? implied(members) else {
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
