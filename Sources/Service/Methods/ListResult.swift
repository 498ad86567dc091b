internal import JSON
internal import Store
internal import Wire

extension Parameters {
  /// `limit`, `order` and `after` of the API's lists.
  func page() throws(RPCError) -> PageRequest {
    var page = PageRequest()
    if let limit = self["limit"] {
      guard let count = limit.wholeNumber, 1...100 ~= count else {
        throw .invalidParams(
          "limit", "\(limit.excerpt) found, an integer from 1 to 100 was expected")
      }
      page.limit = Int(count)
    }
    switch try string("order") {
    case nil, "desc"?: page.order = .descending
    case "asc"?: page.order = .ascending
    case let order?:
      throw .invalidParams("order", "\"\(order)\" found, \"asc\" or \"desc\" was expected")
    }
    page.after = try string("after")
    return page
  }
}

extension Page {
  /// The API's list object.
  func json(_ id: (Element) -> String, _ json: (Element) -> RawJSON) -> RawJSON {
    .list(elements.map { (id($0), json($0)) }, hasMore: hasMore)
  }
}

extension RawJSON {
  static func list(_ entries: [(id: String, json: RawJSON)], hasMore: Bool) -> RawJSON {
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
