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

  func asks(_ upstream: String, _ model: String, _ body: RawJSON) -> Bool {
    guard !refused.contains(Key(upstream: upstream, model: model)) else { return false }
    return body.nonNull("reasoning") != nil || Self.mayReason(model)
  }

  mutating func refuse(_ upstream: String, _ model: String) {
    refused.insert(Key(upstream: upstream, model: model))
  }

  /// The families of models that reason without being asked to.
  private static func mayReason(_ model: String) -> Bool {
    let name = model.split(separator: "/").last.map(String.init) ?? model
    let bytes = Array(name.utf8)
    if bytes.count > 1, bytes[0] == UInt8(ascii: "o"), 0x31...0x39 ~= bytes[1] { return true }
    return name.utf8.starts(with: "gpt-5".utf8)
  }
}
