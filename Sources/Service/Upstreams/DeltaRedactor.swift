internal import JSON

/// Takes a secret out of which several events of a stream bring parts.
///
/// What may be the beginning of one waits for the event that decides, and is then handed on as it
/// came, or without the secret. Events keep their order.
package struct DeltaRedactor {
  /// No stream brings as much between two parts of one text, unless it means to.
  private static let mostHeldBytes = 1 << 20

  /// One text in the making.
  private struct Stream {
    let identity: [RawJSON?]
    /// How much of each secret its end may be.
    var begun: [Int]
  }

  private struct Held {
    var event: UpstreamEvent
    /// Its part of a text, and of which.
    var text: [UInt8] = []
    var identity: [RawJSON?]?
    var isChanged = false
  }

  private let secrets: [Secret]
  private var streams: [Stream] = []
  private var held: [Held] = []
  private var heldBytes = 0

  package init(_ redactor: KeyRedactor?) {
    secrets = redactor?.unmistakable ?? []
  }

  /// Whether an event can go on as it came, as nearly all do.
  package func passes(_ event: UpstreamEvent) -> Bool { held.isEmpty && !mayBegin(event) }

  /// Takes the next event, and returns those that are decided about.
  package mutating func take(_ event: UpstreamEvent) -> [UpstreamEvent] {
    heldBytes += event.bytes.count
    if event.delta == nil {
      held.append(Held(event: event))
      if event.endsTexts { return finish() }
    } else {
      hold(event)
    }
    return heldBytes > Self.mostHeldBytes ? finish() : giving(firstUndecided)
  }

  /// Returns what still waits: nothing comes that could decide.
  package mutating func finish() -> [UpstreamEvent] {
    streams = []
    return giving(held.count)
  }

  /// Whether nothing waits.
  var isIdle: Bool { held.isEmpty }

  private func mayBegin(_ event: UpstreamEvent) -> Bool {
    guard let delta = event.delta else { return false }
    let text = event.bytes.span.extracting(delta)
    for secret in secrets where secret.mayBegin(in: text) { return true }
    return false
  }

  // MARK: Holding

  private mutating func hold(_ event: UpstreamEvent) {
    let json = event.json
    let identity = ["type", "item_id", "output_index", "content_index", "summary_index"].map {
      json[$0]
    }
    held.append(
      Held(event: event, text: Array((json["delta"]?.string ?? "").utf8), identity: identity))
    var stream =
      streams.firstIndex { $0.identity == identity }.map { streams.remove(at: $0) }
      ?? Stream(identity: identity, begun: secrets.map { _ in 0 })
    for index in secrets.indices { search(secrets[index], index, &stream) }
    if stream.begun.contains(where: { $0 > 0 }) { streams.append(stream) }
  }

  private mutating func search(_ secret: Secret, _ index: Int, _ stream: inout Stream) {
    var unseen = secret.bytes.prefix(stream.begun[index]) + (held.last?.text ?? [])
    while let end = secret.end(in: unseen.span) {
      unseen = unseen.dropFirst(end)
      remove(secret.bytes.count, before: unseen.count, of: stream.identity)
      for other in stream.begun.indices { stream.begun[other] = 0 }
    }
    stream.begun[index] = secret.begun(in: unseen.span)
  }

  /// Puts the mark in the place of bytes of a text, which may be spread over events.
  ///
  /// - Parameter rest: how many bytes of the last event come behind them.
  private mutating func remove(_ count: Int, before rest: Int, of identity: [RawJSON?]) {
    var missing = count
    var rest = rest
    for index in held.indices.reversed() where held[index].identity == identity {
      let end = held[index].text.count - rest
      let begin = max(0, end - missing)
      missing -= end - begin
      held[index].text.replaceSubrange(begin..<end, with: missing == 0 ? KeyRedactor.mark : [])
      held[index].isChanged = true
      guard missing > 0 else { return }
      rest = 0
    }
  }

  // MARK: Giving

  /// Where the first event stands of which a part may belong to a secret.
  private var firstUndecided: Int {
    streams.map { stream in
      var missing = stream.begun.max() ?? 0
      for index in held.indices.reversed() where held[index].identity == stream.identity {
        missing -= held[index].text.count
        if missing <= 0 { return index }
      }
      return 0
    }.min() ?? held.count
  }

  private mutating func giving(_ count: Int) -> [UpstreamEvent] {
    let decided = held.prefix(count)
    held.removeFirst(count)
    return decided.map { part in
      heldBytes -= part.event.bytes.count
      return part.isChanged ? part.event.withDelta(part.text) : part.event
    }
  }
}

extension UpstreamEvent {
  /// Whether texts in the making end with it.
  fileprivate var endsTexts: Bool {
    kind != .output || json["type"]?.string?.hasSuffix(".done") == true
  }
}
