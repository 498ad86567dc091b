package import JSON

extension RawJSON {
  /// The API's list object.
  package static func list(_ entries: [(id: String, json: RawJSON)], hasMore: Bool) -> RawJSON {
    .object { list in
      list.member("object", "list")
      list.key("data")
      list.array { for entry in entries { $0.value(entry.json) } }
      list.member("first_id", entries.first.map { .string($0.id) } ?? .null)
      list.member("last_id", entries.last.map { .string($0.id) } ?? .null)
      list.member("has_more", hasMore)
    }
  }
}
