internal import JSON

/// Which models hand out their reasoning encrypted, so that it can be sent again.
///
/// It is asked for where a model may reason, and no more where an upstream has refused to.
struct ReasoningSupport {
  private struct Key: Hashable {
    let upstream: String
    let model: String
  }

  private var refused: Set<Key> = []

  func asks(_ upstream: String, _ model: String, _ body: IndexedObject) -> Bool {
    guard refused.isEmpty || !refused.contains(Key(upstream: upstream, model: model)) else {
      return false
    }
    return Self.mayReason(model) || body.nonNull("reasoning") != nil
  }

  mutating func refuse(_ upstream: String, _ model: String) {
    refused.insert(Key(upstream: upstream, model: model))
  }

  /// The families of models that reason without being asked to.
  private static func mayReason(_ model: String) -> Bool {
    let path = model.utf8
    let slash = path.dropLast().lastIndex(of: UInt8(ascii: "/"))
    let name = path[(slash.map { path.index(after: $0) } ?? path.startIndex)...]
    if name.first == UInt8(ascii: "o"), let digit = name.dropFirst().first {
      return 0x31...0x39 ~= digit
    }
    return name.starts(with: "gpt-5".utf8)
  }
}
