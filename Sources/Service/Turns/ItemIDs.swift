internal import JSON

/// The ids of a response's items, where its upstream gives the same ones in each response.
///
/// Clients know an item by its id, and so does the store, in which no two items of a user have one
/// id. What is free is taken as it came.
struct ItemIDs {
  private struct Item {
    let outputIndex: Int64?
    let id: String
  }

  /// By the upstream's id, in the order in which they came.
  private var items: [String: [Item]] = [:]
  /// Whether any item has another id than its upstream gave it.
  private(set) var hasOwn = false

  /// All ids that the upstream gave.
  var given: some Sequence<String> { items.keys }

  func has(_ given: String) -> Bool { items[given] != nil }

  /// How many items of the response came with an id.
  func count(of given: String) -> Int { items[given]?.count ?? 0 }

  mutating func add(_ given: String, at outputIndex: Int64?, as id: String) {
    items[given, default: []].append(Item(outputIndex: outputIndex, id: id))
    if id != given { hasOwn = true }
  }

  /// Whether its upstream would not know the item by another id: encryption covers the id, and an
  /// approval names it.
  static func isBound(_ item: RawJSON) -> Bool {
    item.nonNull("encrypted_content") != nil || item["type"]?.string == "mcp_approval_request"
  }

  // MARK: Writing

  /// An event with the ids that clients know.
  func written(to event: RawJSON) -> RawJSON {
    guard hasOwn else { return event }
    let index = event["output_index"]?.integer
    var written = event
    if let item = event["item"], let id = id(item["id"], at: index) {
      written = written.setting("item", to: item.setting("id", to: .string(id)))
    }
    if let id = id(event["item_id"], at: index) {
      written = written.setting("item_id", to: .string(id))
    }
    return written
  }

  private func id(_ given: RawJSON?, at outputIndex: Int64?) -> String? {
    guard let given = given?.string, let known = items[given] else { return nil }
    return (known.last { $0.outputIndex == outputIndex } ?? known.last)?.id
  }

  /// A response object with the ids that clients know.
  func written(toResponse response: RawJSON) -> RawJSON {
    guard hasOwn, let output = response["output"], output.kind == .array else { return response }
    var seen: [String: Int] = [:]
    let named = output.elements.map { item in
      guard let given = item["id"]?.string, let known = items[given] else { return item }
      let number = seen[given, default: 0]
      seen[given] = number + 1
      return item.setting("id", to: .string(known[min(number, known.count - 1)].id))
    }
    return response.setting("output", to: .array(named))
  }
}
