import JSON
import Testing
import Wire

extension RawJSON {
  /// A text of the tests' own.
  init(_ text: String) {
    self.init(checked: Array(text.utf8)[...])
  }

  /// Whether two values are equal, however they are spelled.
  func means(_ text: String) throws -> Bool {
    let other = try RawJSON(parsing: text)
    var left = CanonicalJSON()
    var right = CanonicalJSON()
    left.add(self)
    right.add(other)
    return left.bytes == right.bytes
  }

  /// The same value with one value in it replaced, in every way.
  func variants(_ replacements: [RawJSON]) -> [RawJSON] {
    let inner: [RawJSON] =
      switch kind {
      case .object:
        members.flatMap { member in
          [removing(member.key)]
            + member.value.variants(replacements).map { setting(member.key, to: $0) }
        }
      case .array:
        elements.indices.flatMap { index in
          elements[index].variants(replacements).map { variant in
            var changed = elements
            changed[index] = variant
            return .array(changed)
          }
        }
      default: []
      }
    return replacements + inner
  }
}

extension [RawJSON] {
  /// So many of them that a test takes no minutes.
  func everyFifth(from start: Int) -> [RawJSON] {
    stride(from: start % 5, to: count, by: 5).map { self[$0] }
  }
}
