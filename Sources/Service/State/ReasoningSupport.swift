internal import JSON
internal import Wire

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

extension CallFailure {
  /// Whether the upstream does not take `reasoning.encrypted_content`.
  var refusesEncryptedReasoning: Bool {
    guard case .status(let status) = phase, 400..<500 ~= status else { return false }
    guard let error = upstreamError else { return false }
    let text = error.nonNull("message")?.string ?? error.string ?? ""
    let parameter = error.nonNull("param")?.string ?? ""
    return parameter.utf8.starts(with: "include".utf8) || text.contains("encrypted_content")
      || text.contains("ncrypted content")
  }

  /// Whether the upstream no longer has the response that the request goes on from.
  var lostPreviousResponse: Bool {
    guard case .status(let status) = phase, status == 400 || status == 404 else { return false }
    guard let error = upstreamError else { return false }
    return error.nonNull("code")?.string == "previous_response_not_found"
      || error.nonNull("param")?.string == "previous_response_id"
      || (error.nonNull("message")?.string ?? "").contains("revious response")
  }

  private var upstreamError: RawJSON? {
    error.details.first { $0.key == "error" }?.value
  }
}
