internal import JSON
internal import Wire

/// Settling what the response and its items are called.
extension Turn {
  mutating func settle(_ event: TurnEvent, _ log: LoggedEvents) -> [TurnAction] {
    switch event {
    case .rowBegun:
      if case .preparing = phase, identity.row == .none { identity.row = .writing }
      return []
    case .rowWritten:
      guard identity.row != .lost, !isEnding else { return [] }
      identity.row = .written
    case .rowFailed(let error):
      identity.row = .lost
      identity.isAsked = false
      let actions = stopCause == nil ? [TurnAction.closeUpstream] : []
      stopCause = .storage(error)
      return isEnding ? [] : actions + proceed(log)
    case .identified(let id):
      relay.id = id
      // One that is known before the upstream's is settled with that.
      if case .preparing = phase { return [] }
      identity.isSettled = true
      identity.isAsked = false
    case .itemNamed(let id):
      guard let (given, index) = unnamed else { return [] }
      relay.itemIDs.add(given, at: index, as: id)
      unnamed = nil
      if case .streaming = phase { isFirstNamed = true }
    default: break
    }
    return proceed(log)
  }

  private var isEnding: Bool {
    switch phase {
    case .ending, .ended: true
    default: false
    }
  }

  /// The event's item, if it has to get an id before clients see it.
  func newItem(of event: UpstreamEvent) -> RawJSON? {
    guard keepsItems, event.carriesItem, let item = event.json["item"],
      let given = item["id"]?.string, !given.isEmpty
    else { return nil }
    let isAdded = event.json["type"]?.string == "response.output_item.added"
    return isAdded || !relay.itemIDs.has(given) ? item : nil
  }

  /// The first item of a response object that no event brought.
  func newItem(of response: ResponseObject) -> RawJSON? {
    guard keepsItems else { return nil }
    var seen: [String: Int] = [:]
    for item in response.output?.elements ?? [] {
      guard let given = item["id"]?.string, !given.isEmpty else { continue }
      seen[given, default: 0] += 1
      if seen[given, default: 0] > relay.itemIDs.count(of: given) { return item }
    }
    return nil
  }

  private var keepsItems: Bool { isStored && identity.row == .written }

  mutating func name(_ item: RawJSON, at outputIndex: Int64?) -> [TurnAction] {
    unnamed = (item["id"]?.string ?? "", outputIndex)
    return [.nameItem(item)]
  }
}
