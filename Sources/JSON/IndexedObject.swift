/// An object together with its members, for one that is asked for several of them: each look-up in
/// the text would walk through all of it.
package struct IndexedObject: Sendable {
  package let json: RawJSON
  private let members: [RawJSON.Member]

  package init(_ json: RawJSON) {
    self.init(json, members: json.members)
  }

  /// - Parameter members: those of the object, in their order; others may be among them.
  package init(_ json: RawJSON, members: [RawJSON.Member]) {
    self.json = json
    self.members = members
  }

  /// The value of a member, where the object has it. Of two with one key, the last.
  package subscript(key: String) -> RawJSON? {
    for member in members.reversed() where member.key == key { return member.value }
    return nil
  }

  /// The value of a member that is there and is not null.
  package func nonNull(_ key: String) -> RawJSON? {
    guard let value = self[key], !value.isNull else { return nil }
    return value
  }
}
