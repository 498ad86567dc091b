package import JSON

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
    let places = places(of: told)
    var ended = zip(places, told).map { (index: $0, item: $1) }
    // What came ends before that begins which did not.
    for number in ended.indices.sorted(by: { places[$0] < places[$1] })
    where ended[number].item.kind == .object {
      let (index, item) = ended[number]
      ended[number].item = endItem(item, at: index, status: status)
    }
    for index in items.keys.sorted() where !places.contains(index) {
      guard let open = items[index] else { continue }
      if !open.isDone { _ = endItem(open.whole, at: index, status: status) }
      if told.isEmpty, let item = items[index]?.item { ended.append((index, item)) }
    }
    return inOrder(ended)
  }

  /// In the order of the stream, unless the upstream says their places itself.
  private func inOrder(_ ended: [(index: Int, item: RawJSON)]) -> [RawJSON] {
    guard items.contains(where: { $0.value.told != $0.key }) else { return ended.map(\.item) }
    return ended.sorted { $0.index < $1.index }.map(\.item)
  }

  private mutating func endItem(_ told: RawJSON, at index: Int, status: String) -> RawJSON {
    if let open = items[index], open.isDone {
      let item = open.enriched(called(told, at: index))
      return defaults.completed(item, at: index, status: status)
    }
    let id = items[index]?.id
    let known = id.map { told.setting("id", to: $0) } ?? told
    let item = finish(known, at: index, told: nil, status: status)
    emit("response.output_item.done") {
      $0.member("output_index", index)
      $0.member("item", item)
    }
    return called(told.nonNull("id").map { item.setting("id", to: $0) } ?? item, at: index)
  }

  // MARK: Agreeing with the stream

  /// The items of a finished response under the ids, and in the order, in which the stream has them.
  ///
  /// - Parameters:
  ///   - told: as the upstream has them; where it has none, they are those that came.
  ///   - status: that of the response.
  package func agreed(_ told: [RawJSON], status: String = "completed") -> [RawJSON] {
    guard !told.isEmpty else {
      var ended = self
      return ended.endItems([], status: status)
    }
    return inOrder(
      zip(places(of: told), told).map { index, item in
        (index, item.kind == .object ? called(defaults.named(item, at: index), at: index) : item)
      })
  }

  /// An item under the id that the stream gave it, where the upstream's own came too late. What is
  /// encrypted is good under its own id alone.
  func called(_ item: RawJSON, at index: Int) -> RawJSON {
    guard let open = items[index], !open.id.isNull else { return item }
    let keepsOwn = open.isNamed || item.nonNull("encrypted_content") != nil
    return keepsOwn && item.nonNull("id") != nil ? item : item.setting("id", to: open.id)
  }

  /// Where the items of a response stand that was told whole, one place for each; those that did not
  /// come are new ones behind the others.
  private func places(of told: [RawJSON]) -> [Int] {
    let ids = Set(told.compactMap { $0.nonNull("id") })
    var free = Set(items.keys)
    var next = nextIndex
    return told.enumerated().map { position, item in
      guard let index = place(of: item, at: position, ids, free) else {
        defer { next += 1 }
        return next
      }
      free.remove(index)
      return index
    }
  }

  /// - Parameters:
  ///   - ids: of all items of the response.
  ///   - free: items that none of those before it is.
  private func place(
    of item: RawJSON, at position: Int, _ ids: Set<RawJSON>, _ free: Set<Int>
  ) -> Int? {
    guard item.kind == .object else { return nil }
    let type = item["type"]?.string ?? ""
    let (id, callID) = (item.nonNull("id"), item.nonNull("call_id"))
    let named = named(id) ?? named(callID, type: type)
    if let named, free.contains(named) { return named }
    // Some servers call an item otherwise at the end, or only there.
    let same = free.sorted().filter { index in
      guard let open = items[index] else { return false }
      return open.type == type && !ids.contains(open.id) && open.mayBeCalled(callID)
    }
    let there = same.first { (items[$0]?.told ?? $0) == position }
    if let there, items[there]?.agrees(with: item) == true { return there }
    let agreeing = same.first { index in
      items[index].map { (!$0.isNamed || id == nil) && $0.agrees(with: item) } ?? false
    }
    return agreeing ?? there ?? same.first { items[$0]?.isNamed == false || id == nil }
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
