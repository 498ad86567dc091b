internal import JSON
internal import Store
internal import Wire

/// Makes the body of one attempt from a request and what it goes on from.
struct UpstreamBody: Sendable {
  /// How the upstream learns of what was said before.
  enum Form: Equatable {
    /// All items are sent; the upstream need not keep anything.
    case replay
    /// The upstream keeps it, under this id of its own.
    case chained(to: String)
  }

  /// Whom the body is for: what one upstream, key or model made may mean nothing to another.
  struct Target {
    let upstream: String
    let keyIdentity: String
    let model: String
  }

  /// The members of the request, those of its profile and the daemon's tools among them.
  var body: RawJSON
  let input: RequestInput
  let context: RequestContext
  let isBackground: Bool
  /// Whether all that was said is sent, and a stream is asked for, because there may be more rounds
  /// or hooks that have to see it.
  var mustReplay = false
  /// Items of this response's earlier rounds: what the model said and what its tools did.
  var added: [RawJSON] = []
  /// What hooks made of it; then it is what is sent.
  var replacement: Replacement?

  struct Replacement: Sendable {
    let body: RawJSON
    /// What the hooks were shown: what would have been sent to the upstream that is asked first.
    let shown: RawJSON

    fileprivate func keeps(_ key: String) -> Bool { body[key]?.bytes == shown[key]?.bytes }
  }

  /// - Parameter isHeld: whether the upstream runs a background response by itself; elsewhere the
  ///   daemon does, over a stream.
  func make(
    _ form: Form, for target: Target, encryptsReasoning: Bool, isHeld: Bool = false
  ) -> RawJSON {
    if let replacement { return replacement.made(for: target.model) }
    var made = body
    if made["model"]?.string != target.model {
      made = made.setting("model", to: .string(target.model))
    }
    if isBackground {
      made = (isHeld ? made : made.removing("background", "background_options")).setting(
        "stream", to: .boolean(true))
    }
    switch form {
    case .chained(let id):
      made = made.removing("conversation").setting("previous_response_id", to: .string(id))
      return input.hasResolvedReferences ? made.setting("input", to: array([])) : made
    case .replay:
      made = made.removing("conversation", "previous_response_id")
      if !context.turns.isEmpty || input.hasResolvedReferences || !added.isEmpty {
        made = made.setting("input", to: array(contextItems(for: target)))
      }
      return encryptsReasoning ? made.includingEncryptedReasoning : made
    }
  }

  private func array(_ before: [RawJSON]) -> RawJSON {
    .build { writer in
      writer.array { writer in
        for item in before + input.items + added { writer.value(item) }
      }
    }
  }

  /// The items before this request, in a form that the target takes.
  func contextItems(for target: Target) -> [RawJSON] {
    context.turns.flatMap { turn in
      let isOwn =
        turn.response.map {
          $0.upstream == target.upstream && $0.keyIdentity == target.keyIdentity
            && $0.model == target.model
        } ?? false
      return turn.items.compactMap {
        Self.replayed($0.json, $0.type, isOwn: isOwn || !$0.isOutput)
      }
    }
  }

  /// Adds a round of this response: what the model said and what its tools did.
  mutating func add(_ items: [RawJSON]) {
    added += items.compactMap { Self.replayed($0, $0["type"]?.string ?? "", isOwn: true) }
  }

  /// What an answer to it depends on beside who is asked.
  func cacheable(_ origin: CacheableRequest.Origin, for target: Target) -> CacheableRequest {
    let items = contextItems(for: target) + input.items
    guard let replacement else { return CacheableRequest(origin, body: body, items: items) }
    // Apart from what hooks changed it is the same request as without them.
    var members = body
    for member in replacement.body.members where !replacement.keeps(member.key) {
      members = members.setting(member.key, to: member.value)
    }
    for member in replacement.shown.members where replacement.body[member.key] == nil {
      members = members.removing(member.key)
    }
    let changed = replacement.keeps("input") ? nil : replacement.body.nonNull("input")
    return CacheableRequest(
      origin, body: members, items: changed.map { RequestInput.items(of: $0) } ?? items)
  }

  /// All that was said, as it is stored: the context, the request's own items, earlier rounds.
  var items: [RawJSON] {
    context.turns.flatMap { $0.items.map(\.json) } + input.items + added
  }

  /// What is sent as it stands now, for who looks at it: the members, and the items of `input`.
  var outgoing: (members: RawJSON, items: [RawJSON]) {
    guard let replacement else { return (body, items) }
    let input = replacement.body.nonNull("input")
    return (replacement.body, input.map { RequestInput.items(of: $0) } ?? [])
  }

  /// Bytes that make up its cache key, roughly.
  var size: Int { items.reduce(body.bytes.count) { $0 + $1.bytes.count } }

  /// One item as it is sent again; nil for what only its maker could read.
  private static func replayed(_ item: RawJSON, _ type: String, isOwn: Bool) -> RawJSON? {
    switch type {
    case "message":
      let json = item.removing("id")
      return json["type"] == nil ? json.setting("type", to: .string("message")) : json
    case "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output":
      return item.removing("id")
    case "reasoning":
      // Without its encrypted content an upstream that keeps nothing knows no such item.
      return isOwn && item.nonNull("encrypted_content") != nil ? item : nil
    default:
      return isOwn ? item : nil
    }
  }
}

extension UpstreamBody.Replacement {
  /// Each upstream gets the model by its own name.
  fileprivate func made(for model: String) -> RawJSON {
    body["model"]?.string == model ? body : body.setting("model", to: .string(model))
  }
}

extension RawJSON {
  private static let encryptedReasoning = "reasoning.encrypted_content"

  /// The body with `reasoning.encrypted_content` among what is included.
  fileprivate var includingEncryptedReasoning: RawJSON {
    let included = nonNull("include")?.elements ?? []
    guard !included.contains(where: { $0.string == Self.encryptedReasoning }) else { return self }
    return setting(
      "include",
      to: .build { writer in
        writer.array { writer in
          for value in included { writer.value(value) }
          writer.string(Self.encryptedReasoning)
        }
      })
  }
}
