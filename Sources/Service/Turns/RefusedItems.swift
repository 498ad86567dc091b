internal import JSON
internal import Store
internal import Wire

/// Which items of a request its upstream refused to read, as far as its error tells.
enum RefusedItems {
  /// Encrypted content that it did not make, or that its model takes none of.
  case encrypted
  /// Items that it would have had to keep.
  case unknown

  func covers(_ entry: Replay.Entry) -> Bool {
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

extension UpstreamBody.Made {
  /// The body without items that can't be read and the outputs of calls among them; nil where nothing
  /// of the kind is in it.
  func removing(_ isUnreadable: (Replay.Entry) -> Bool) -> Self? {
    guard let input = body["input"], input.kind == .array else { return nil }
    let replay = Replay(
      input.elements.map { item in
        var entry = Replay.Entry(item)
        entry.isReadable = !isUnreadable(entry)
        entry.isGiven = entry.isReadable
        return entry
      })
    guard replay.items.count < input.elements.count else { return nil }
    return Self(
      body: body.setting("input", to: .array(replay.items)), leftOut: leftOut + replay.leftOut)
  }
}

/// Items that upstreams have refused to read, so that nobody asks twice for them in the next turn.
struct UnreadableItems {
  /// Some hundred conversations' worth; where there are more, the oldest are forgotten.
  private static let most = 8192

  private var known: Set<UInt64> = []
  private var order: [UInt64] = []

  var isEmpty: Bool { known.isEmpty }

  func contains(_ item: RawJSON, for target: UpstreamBody.Target) -> Bool {
    !known.isEmpty && known.contains(Self.hash(item, target))
  }

  /// - Parameter items: as they were sent.
  mutating func add(_ items: [RawJSON], for target: UpstreamBody.Target) {
    for item in items {
      let hash = Self.hash(item, target)
      if known.insert(hash).inserted { order.append(hash) }
    }
    guard order.count > Self.most else { return }
    let excess = order.count - Self.most / 2
    known.subtract(order.prefix(excess))
    order.removeFirst(excess)
  }

  private static func hash(_ item: RawJSON, _ target: UpstreamBody.Target) -> UInt64 {
    let reader = Array("\(target.upstream)\n\(target.keyIdentity)\n\(target.model)".utf8)
    let seed = unsafe reader.withUnsafeBytes { unsafe XXHash64.hash($0, seed: 0) }
    return unsafe Array(item.bytes).withUnsafeBytes { unsafe XXHash64.hash($0, seed: seed) }
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
