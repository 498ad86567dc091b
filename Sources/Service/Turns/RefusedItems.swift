internal import JSON
internal import Wire

/// Which items of a request its upstream refused to read, as far as its error tells.
enum RefusedItems {
  /// Encrypted content that it did not make, or that its model takes none of.
  case encrypted
  /// Items that it would have had to keep.
  case unknown

  /// The body without them and without the outputs of calls among them, and how many those are;
  /// nil where nothing of the kind is in it.
  func removed(from body: RawJSON) -> UpstreamBody.Made? {
    guard let input = body["input"], input.kind == .array else { return nil }
    let replay = Replay(
      input.elements.map { item in
        var entry = Replay.Entry(item)
        entry.isReadable = !covers(entry)
        entry.isGiven = entry.isReadable
        return entry
      })
    guard replay.items.count < input.elements.count else { return nil }
    return UpstreamBody.Made(
      body: body.setting("input", to: .array(replay.items)), leftOut: replay.leftOut)
  }

  private func covers(_ entry: Replay.Entry) -> Bool {
    let item = entry.json
    switch self {
    case .encrypted: return entry.type == "reasoning" || item.nonNull("encrypted_content") != nil
    case .unknown:
      // A reference has no type, or its own; what it names is the client's to know.
      return !Replay.isCommon(entry.type) && entry.type != "item_reference"
        && !entry.type.hasSuffix("_response")
    }
  }
}

extension CallFailure {
  /// Which items of the request the upstream can't read; nil where it refuses something else.
  var refusedItems: RefusedItems? {
    guard let text = refusal?.text else { return nil }
    if text.contains("invalid_encrypted_content") { return .encrypted }
    if text.contains("without its required following item") { return .encrypted }
    if text.contains("easoning input item") { return .encrypted }
    if text.contains("without its required") { return .unknown }
    if text.contains("Item "), text.contains("not found") || text.contains("not persisted") {
      return .unknown
    }
    return mentionsEncryptedContent && !isAboutInclude ? .encrypted : nil
  }

  /// Whether the upstream does not take `reasoning.encrypted_content`.
  var refusesEncryptedReasoning: Bool {
    guard let error = refusal, !error.text.contains("invalid_encrypted_content") else {
      return false
    }
    return error.nonNull("param")?.string?.hasPrefix("include") == true || mentionsEncryptedContent
  }

  /// Whether the upstream no longer has the response that it was asked to go on from.
  ///
  /// - Parameter id: what it was asked for. The client has not named it: whatever the upstream says
  ///   of it means that.
  func mayHaveLost(_ id: String) -> Bool {
    if case .status(404) = phase { return true }
    guard let error = refusal else { return false }
    return error.nonNull("code")?.string == "previous_response_not_found"
      || error.nonNull("param")?.string == "previous_response_id"
      || (error.nonNull("message")?.string ?? "").contains("revious response")
      || error.text.contains(id)
  }

  private var mentionsEncryptedContent: Bool {
    guard let text = refusal?.text else { return false }
    return text.contains("encrypted_content") || text.contains("ncrypted content")
  }

  private var isAboutInclude: Bool {
    guard let text = refusal?.text else { return false }
    return text.contains("nclude") || text.contains("upport")
  }

  /// What the upstream said of a request that it refused, also in a stream.
  private var refusal: RawJSON? {
    guard case .status(let status) = phase, status == 200 || 400..<500 ~= status else {
      return nil
    }
    return error.details.first { $0.key == "error" }?.value
  }
}
