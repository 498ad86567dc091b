internal import JSON

/// The end of a stream, which may tell items that no event did.
extension SparseEvents {
  mutating func end(_ event: ResponseEvent) {
    let told = event.value(event.object)
    requireBeginning(of: told)
    guard let told else { return pass(event) }
    var response = told
    if event.kind != .failed {
      let items = told.nonNull("output")?.elements ?? []
      let output = endItems(items, status: event.kind.status)
      if output != items { response = told.setting("output", to: .array(output)) }
    }
    response = defaults.completed(response, status: event.kind.status)
    pass(event, event.json.replacing("response", by: response, for: told))
  }

  /// Puts in what is missing of the items that a response ended with, and returns them whole.
  private mutating func endItems(_ told: [RawJSON], status: String) -> [RawJSON] {
    let ids = Set(told.compactMap { $0.nonNull("id") })
    var seen: Set<Int> = []
    var output: [RawJSON] = []
    for (position, item) in told.enumerated() {
      guard item.kind == .object else {
        output.append(item)
        continue
      }
      let index = self.index(of: item, at: position, ids, seen)
      seen.insert(index)
      output.append(endItem(item, at: index, status: status))
    }
    for index in items.keys.sorted() where !seen.contains(index) {
      guard let open = items[index] else { continue }
      if !open.isDone { _ = endItem(open.whole, at: index, status: status) }
      if told.isEmpty, let item = items[index]?.item { output.append(item) }
    }
    return output
  }

  /// - Parameter ids: of all items of the response.
  private func index(
    of item: RawJSON, at position: Int, _ ids: Set<RawJSON>, _ seen: Set<Int>
  ) -> Int {
    let type = item["type"]?.string
    let named = named(item.nonNull("id")) ?? named(item.nonNull("call_id"), type: type)
    if let named, !seen.contains(named) { return named }
    guard let open = items[position] else { return position }
    // Some servers call an item otherwise at the end.
    let isSame =
      open.type == type && !seen.contains(position) && !ids.contains(open.id)
      && open.mayBeCalled(item.nonNull("call_id"))
    return isSame ? position : max(position, nextIndex)
  }

  private mutating func endItem(_ told: RawJSON, at index: Int, status: String) -> RawJSON {
    guard let id = items[index]?.id, !id.isNull else {
      return items[index]?.isDone == true ? told : endItem(told, as: told, at: index, status)
    }
    if items[index]?.isDone == true {
      return defaults.completed(
        told.adding([("id", id)], replacesNull: true), at: index, status: status)
    }
    return endItem(told, as: told.setting("id", to: id), at: index, status)
  }

  /// - Parameter known: the item under the id that it was begun with.
  private mutating func endItem(
    _ told: RawJSON, as known: RawJSON, at index: Int, _ status: String
  ) -> RawJSON {
    let item = finish(known, at: index, status: status)
    emit("response.output_item.done") {
      $0.member("output_index", index)
      $0.member("item", item)
    }
    return told.nonNull("id").map { item.setting("id", to: $0) } ?? item
  }
}

extension ResponseEvent.Kind {
  fileprivate var status: String {
    switch self {
    case .failed: "failed"
    case .incomplete: "incomplete"
    default: "completed"
    }
  }
}
