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
    /// The request says it itself, with an id that only the upstream knows.
    case asGiven
  }

  /// Whom the body is for: what one upstream, key or model made may mean nothing to another.
  struct Target {
    let upstream: String
    let keyIdentity: String
    let model: String
  }

  let body: RawJSON
  let input: RequestInput
  let context: RequestContext
  let isBackground: Bool

  /// - Parameter isHeld: whether the upstream runs a background response by itself; elsewhere the
  ///   daemon does, over a stream.
  func make(
    _ form: Form, for target: Target, encryptsReasoning: Bool, isHeld: Bool = false
  ) -> RawJSON {
    var made = body
    if made["model"]?.string != target.model {
      made = made.setting("model", to: .string(target.model))
    }
    if isBackground {
      made = (isHeld ? made : made.removing("background")).setting("stream", to: .boolean(true))
    }
    switch form {
    case .asGiven: return made
    case .chained(let id):
      made = made.removing("conversation").setting("previous_response_id", to: .string(id))
      return input.hasResolvedReferences ? made.setting("input", to: array([])) : made
    case .replay:
      made = made.removing("conversation", "previous_response_id")
      if !context.turns.isEmpty || input.hasResolvedReferences {
        made = made.setting("input", to: array(contextItems(for: target)))
      }
      return encryptsReasoning ? made.includingEncryptedReasoning : made
    }
  }

  private func array(_ before: [RawJSON]) -> RawJSON {
    .build { writer in
      writer.array { writer in
        for item in before + input.items { writer.value(item) }
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
      return turn.items.compactMap { Self.replayed($0, isOwn: isOwn || !$0.isOutput) }
    }
  }

  /// One item as it is sent again; nil for what only its maker could read.
  private static func replayed(_ item: StoredItem, isOwn: Bool) -> RawJSON? {
    switch item.type {
    case "message":
      let json = item.json.removing("id")
      return json["type"] == nil ? json.setting("type", to: .string("message")) : json
    case "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output":
      return item.json.removing("id")
    case "reasoning":
      // Without its encrypted content an upstream that keeps nothing knows no such item.
      return isOwn && item.json.nonNull("encrypted_content") != nil ? item.json : nil
    default:
      return isOwn ? item.json : nil
    }
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
