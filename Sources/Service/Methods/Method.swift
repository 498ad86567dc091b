internal import EventLoop
internal import JSON
internal import Wire

/// The methods of the protocol (`halley-protocol(7)`, METHODS).
enum Method: String, CaseIterable {
  case initialize
  case cancelRequest = "$/cancelRequest"
  case responsesCreate = "responses.create"
  case responsesRetrieve = "responses.retrieve"
  case responsesCancel = "responses.cancel"
  case responsesDelete = "responses.delete"
  case responsesInputItemsList = "responses.input_items.list"
  case responsesInputTokensCount = "responses.input_tokens.count"
  case responsesCompact = "responses.compact"
  case conversationsCreate = "conversations.create"
  case conversationsRetrieve = "conversations.retrieve"
  case conversationsUpdate = "conversations.update"
  case conversationsDelete = "conversations.delete"
  case conversationsList = "conversations.list"
  case conversationsFork = "conversations.fork"
  case conversationsSearch = "conversations.search"
  case conversationsWatch = "conversations.watch"
  case conversationsItemsCreate = "conversations.items.create"
  case conversationsItemsList = "conversations.items.list"
  case conversationsItemsRetrieve = "conversations.items.retrieve"
  case conversationsItemsDelete = "conversations.items.delete"
  case modelsList = "models.list"
  case modelsRetrieve = "models.retrieve"
  case cacheStats = "cache.stats"
  case cacheClear = "cache.clear"
  case cacheExplain = "cache.explain"
  case usageSummary = "usage.summary"
  case toolsList = "tools.list"
  case pluginsList = "plugins.list"
  case daemonPing = "daemon.ping"
  case daemonStatus = "daemon.status"
  case daemonReload = "daemon.reload"
  case daemonSchema = "daemon.schema"
}

extension RPCError {
  static func methodNotFound(_ name: String) -> RPCError {
    let names = Method.allCases.map(\.rawValue)
    var details: [(key: String, value: RawJSON)] = []
    if let suggestion = closest(to: name, among: names) {
      details.append(("did_you_mean", .string(suggestion)))
    }
    return RPCError(
      .methodNotFound, "there is no method \(RawJSON.string(name).excerpt)", details: details)
  }
}

/// The members of one request's params, each read once and by name.
struct Parameters {
  private let members: [String: RawJSON]

  /// Refuses members that the method does not know.
  init(_ params: RawJSON, known: String...) throws(RPCError) {
    var members: [String: RawJSON] = [:]
    for member in params.members {
      guard known.contains(member.key) else {
        let expected =
          known.isEmpty ? "none was expected" : "known are \(known.joined(separator: ", "))"
        var error = RPCError.invalidParams(member.key, "an unknown member found; \(expected)")
        if let suggestion = closest(to: member.key, among: known) {
          error.details.append(("did_you_mean", .string(suggestion)))
        }
        throw error
      }
      members[member.key] = member.value
    }
    self.members = members
  }

  /// The value of a member that is there and is not null.
  subscript(name: String) -> RawJSON? {
    guard let value = members[name], !value.isNull else { return nil }
    return value
  }

  func string(_ name: String) throws(RPCError) -> String? {
    guard let value = self[name] else { return nil }
    guard let text = value.string, !text.isEmpty else {
      throw .invalidParams(name, "\(value.excerpt) found, a non-empty string was expected")
    }
    return text
  }

  func requiredString(_ name: String) throws(RPCError) -> String {
    guard let text = try string(name) else {
      throw .invalidParams(name, "nothing found, a non-empty string was expected")
    }
    return text
  }

  func boolean(_ name: String) throws(RPCError) -> Bool? {
    guard let value = self[name] else { return nil }
    guard let flag = value.boolean else {
      throw .invalidParams(name, "\(value.excerpt) found, true or false was expected")
    }
    return flag
  }

  func object(_ name: String) throws(RPCError) -> RawJSON? {
    guard let value = self[name] else { return nil }
    guard value.kind == .object else {
      throw .invalidParams(name, "\(value.excerpt) found, an object was expected")
    }
    return value
  }
}
