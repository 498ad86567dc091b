internal import JSON
internal import Store
internal import Wire

// Members of params that several methods take: what they have to be, and how they are read.

extension Shape {
  /// Params whose members are all known.
  static func params(
    _ rules: [String: Rule]..., required: [String] = [], clauses: [Clause] = []
  ) -> Shape {
    Shape(
      rules.reduce(into: [:]) { $0.merge($1) { $1 } }, required: required, clauses: clauses,
      isOpen: false)
  }

  static let noParams = Shape.params()
}

extension [String: Rule] {
  static let responseID = ["response_id": Rule.nonEmptyString]
  static let itemID = ["item_id": Rule.nonEmptyString]
  static let conversation = ["conversation": Rule.conversation]
  /// Which no id may look like.
  static let name = ["name": Rule.matching(.conversationName)]
  static let metadata = ["metadata": Rule.metadata]
  static let items = ["items": Rule.newItems]
  static let include = ["include": Rule.array(of: .string)]
  static let limit = ["limit": Rule.integer(APILimits.page)]
  static let page = limit.merging([
    "after": .nonEmptyString, "order": .oneOf(["asc", "desc"]),
  ]) { $1 }
}

extension Call {
  var responseID: String { requiredText("response_id") }
  var itemID: String { requiredText("item_id") }

  /// `limit`, `order` and `after` of the API's lists.
  var page: PageRequest {
    var page = PageRequest()
    if let limit = self["limit"]?.wholeNumber { page.limit = Int(limit) }
    page.order = text("order") == "asc" ? .ascending : .descending
    page.after = text("after")
    return page
  }

  /// The items that are given, stored ones in the place of references to them.
  func items(from store: Store) async throws(RPCError) -> [RawJSON] {
    let given = self["items"]?.elements ?? []
    let found = try await RequestInput.resolve(given, named: "items") { id async throws(RPCError) in
      try await store.itemIfThere(id, as: principal)
    }
    return found.items.map(\.withoutToolSecrets)
  }

  /// The conversation that the call names.
  func conversation(in store: Store) async throws(RPCError) -> StoredConversation {
    try await store.performing { store throws(StoreError) in
      switch ConversationReference(checked: params["conversation"] ?? .null) {
      case .id(let id): return try await store.conversation(id, as: principal)
      case .name(let name):
        if let found = try await store.conversation(named: name, as: principal) { return found }
        throw StoreError.noConversation(name)
      }
    }
  }
}

extension Page {
  /// The API's list object.
  func json(_ id: (Element) -> String, _ json: (Element) -> RawJSON) -> RawJSON {
    .list(elements.map { (id($0), json($0)) }, hasMore: hasMore)
  }
}

extension RawJSON {
  /// What is told of something that is deleted.
  static func deleted(_ id: String, _ object: String) -> RawJSON {
    .object {
      $0.member("id", id)
      $0.member("object", object)
      $0.member("deleted", true)
    }
  }
}
