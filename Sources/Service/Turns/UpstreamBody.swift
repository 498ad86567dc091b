package import JSON
internal import Store
internal import Wire

/// Makes the body of one attempt from a request and what it goes on from.
package struct UpstreamBody: Sendable {
  /// How the upstream learns of what was said before.
  package enum Form: Equatable {
    /// All items are sent; the upstream need not keep anything.
    case replay
    /// The upstream keeps it, under this id of its own.
    case chained(to: String)
  }

  /// Whom the body is for: what one upstream made, behind one key, may mean nothing to another.
  package struct Target: Sendable {
    let upstream: String
    let keyIdentity: String
    let model: String
    /// Whether the model takes the reasoning of the upstream's other models.
    let takesReasoning: Bool
    /// Whether it stands in for the upstream that the request was made for.
    var isFallback: Bool

    package init(
      upstream: String, keyIdentity: String, model: String, takesReasoning: Bool = false,
      isFallback: Bool = false
    ) {
      self.upstream = upstream
      self.keyIdentity = keyIdentity
      self.model = model
      self.takesReasoning = takesReasoning
      self.isFallback = isFallback
    }

    /// - Parameter keyIdentity: nil for an answer that was repeated: it was found by the key.
    fileprivate func made(_ upstream: String?, _ keyIdentity: String?) -> Bool {
      upstream == self.upstream && (keyIdentity ?? self.keyIdentity) == self.keyIdentity
    }
  }

  /// A body, and how many items of what was said before are not in it.
  package struct Made {
    package var body: RawJSON
    package var leftOut = 0
  }

  /// The members of the request, those of its profile and the daemon's tools among them.
  var body: RawJSON {
    get { object.json }
    set { object = IndexedObject(newValue) }
  }
  /// The same, to look members up.
  private(set) var object: IndexedObject
  let input: RequestInput
  let context: RequestContext
  let isBackground: Bool
  /// Whether all that was said is sent, and a stream is asked for, because there may be more rounds
  /// or hooks that have to see it.
  package var mustReplay = false
  /// Items of this response's earlier rounds: what the model said and what its tools did.
  private(set) var added: [RawJSON] = []
  /// Whom the last round asked.
  private(set) var addedBy: Target?
  /// What hooks made of it; then it is what is sent.
  package var replacement: Replacement?

  package init(_ body: RawJSON, input: RequestInput, context: RequestContext, isBackground: Bool) {
    self.init(IndexedObject(body), input: input, context: context, isBackground: isBackground)
  }

  init(_ object: IndexedObject, input: RequestInput, context: RequestContext, isBackground: Bool) {
    self.object = object
    self.input = input
    self.context = context
    self.isBackground = isBackground
  }

  package struct Replacement: Sendable {
    let body: RawJSON
    /// What the hooks were shown: what would have been sent to the upstream that is asked first.
    let shown: RawJSON

    package init(body: RawJSON, shown: RawJSON) {
      self.body = body
      self.shown = shown
    }

    func keeps(_ key: String) -> Bool { body[key]?.bytes == shown[key]?.bytes }
  }

  /// - Parameter isHeld: whether the upstream runs a background response by itself; elsewhere the
  ///   daemon does, over a stream.
  package func make(
    _ form: Form, for target: Target, encryptsReasoning: Bool = false, isHeld: Bool = false
  ) -> Made {
    if let replacement {
      let made = Made(
        body: replacement.made(for: target.model), leftOut: replay(for: target).leftOut)
      return target.isFallback ? made.removing { Replay.isMakersOnly($0.type) } ?? made : made
    }
    var made = body
    if object["model"]?.string != target.model, !object.leavesModelToPrompt {
      made = made.setting("model", to: .string(target.model))
    }
    if isBackground {
      made = (isHeld ? made : made.removing("background", "background_options")).setting(
        "stream", to: .boolean(true))
    }
    switch form {
    case .chained(let id):
      made = made.removing("conversation").setting("previous_response_id", to: .string(id))
      return Made(
        body: input.hasResolvedReferences ? made.setting("input", to: .array(given)) : made)
    case .replay:
      if object["conversation"] != nil || object["previous_response_id"] != nil {
        made = made.removing("conversation", "previous_response_id")
      }
      var leftOut = 0
      let isMore = !context.turns.isEmpty || input.hasResolvedReferences || !added.isEmpty
      if isMore || target.isFallback {
        let replay = replay(for: target)
        leftOut = replay.leftOut
        if isMore || leftOut > 0 { made = made.setting("input", to: .array(replay.items)) }
      }
      return Made(
        body: encryptsReasoning ? made.includingEncryptedReasoning : made, leftOut: leftOut)
    }
  }

  /// The request's own items and those of its earlier rounds.
  private var given: [RawJSON] { input.items + Replay(addedEntries(for: nil)).items }

  // MARK: What was said

  /// All that was said, in a form that the target takes.
  func replay(for target: Target) -> Replay {
    var entries = contextEntries(for: target)
    entries += input.items.map { item in
      var entry = Replay.Entry(item)
      entry.isReadable = !target.isFallback
      entry.isGiven = entry.isReadable || !Replay.isMakersOnly(entry.type)
      return entry
    }
    return Replay(entries + addedEntries(for: target), asynchronous: body.asynchronousTools)
  }

  /// - Parameter target: nil for the upstream that the last round asked.
  private func addedEntries(for target: Target?) -> [Replay.Entry] {
    let isReadable = target.map { target in
      addedBy.map { target.made($0.upstream, $0.keyIdentity) } ?? true
    }
    return added.indices.map { index in
      var entry = Replay.Entry(added[index])
      entry.isReadable = isReadable ?? true
      entry.leadsToNext = index + 1 < added.count && Replay.isModels(added[index + 1])
      return entry
    }
  }

  /// Whether an upstream that keeps what was said would be asked to go on from half a call.
  package var hasHalves: Bool {
    let said = context.turns.flatMap { $0.items.map(\.json) } + input.items
    let entries = said.map { Replay.Entry($0) }.filter { $0.call != nil || $0.answeredCall != nil }
    return Replay(entries, asynchronous: body.asynchronousTools).leftOut > 0
  }

  /// The items before this request. What a client brought is of the upstream that it was first sent
  /// to.
  private func contextEntries(for target: Target) -> [Replay.Entry] {
    var entries: [[Replay.Entry]] = []
    var sentTo: StoredContext.Origin?
    for turn in context.turns.reversed() {
      sentTo = turn.response ?? sentTo
      let made = target.made(turn.response?.upstream, turn.response?.keyIdentity)
      let wasSent = sentTo.map { target.made($0.upstream, $0.keyIdentity) } ?? true
      let takesReasoning = target.takesReasoning || turn.response?.model == target.model
      entries.append(
        turn.items.indices.map { index in
          let item = turn.items[index]
          var entry = Replay.Entry(item.json)
          entry.isReadable = item.isOutput ? made : wasSent
          entry.takesReasoning = takesReasoning
          entry.leadsToNext = Self.leads(item, to: turn.items.dropFirst(index + 1).first)
          return entry
        })
    }
    return entries.reversed().flatMap { $0 }
  }

  /// Whether an item is what directly followed another; one of them may have been deleted since.
  private static func leads(_ item: StoredItem, to next: StoredItem?) -> Bool {
    guard let next else { return false }
    return next.position == item.position + 1 && next.isOutput == item.isOutput
      && Replay.isModels(next.json)
  }

  /// Adds a round of this response: what the model said and what its tools did.
  package mutating func add(_ items: [RawJSON], by target: Target?) {
    added += items
    addedBy = target
  }

  /// All that was said, as it is stored: the context, the request's own items, earlier rounds.
  var items: [RawJSON] {
    context.turns.flatMap { $0.items.map(\.json) } + input.items + added
  }

  /// The request as it would be sent now: its members, and the items of `input`.
  var outgoing: (members: IndexedObject, items: [RawJSON]) {
    guard let replacement else { return (object, items) }
    let sent = IndexedObject(replacement.body)
    return (sent, sent.nonNull("input").map { RequestInput.items(of: $0) } ?? [])
  }
}

extension UpstreamBody.Replacement {
  /// Each upstream gets the model by its own name.
  fileprivate func made(for model: String) -> RawJSON {
    guard !body.leavesModelToPrompt, body["model"]?.string != model else { return body }
    return body.setting("model", to: .string(model))
  }
}

extension RawJSON {
  private static let encryptedReasoning = "reasoning.encrypted_content"

  /// The body with `reasoning.encrypted_content` among what is included.
  fileprivate var includingEncryptedReasoning: RawJSON {
    let included = nonNull("include")?.elements ?? []
    guard !included.contains(where: { $0.string == Self.encryptedReasoning }) else { return self }
    return setting("include", to: .array(included + [.string(Self.encryptedReasoning)]))
  }
}
