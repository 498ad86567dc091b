internal import EventLoop
internal import JSON
internal import Wire

extension Method {
  /// All of them, in the order in which `initialize` and `daemon.schema` tell them.
  package static let all: [Method] = [
    .initialize, .cancelRequest,
    .responsesCreate, .responsesRetrieve, .responsesCancel, .responsesDelete,
    .responsesList, .responsesInputItemsList, .responsesInputTokensCount, .responsesCompact,
    .conversationsCreate, .conversationsRetrieve, .conversationsUpdate, .conversationsDelete,
    .conversationsList, .conversationsFork, .conversationsSearch, .conversationsWatch,
    .conversationsItemsCreate, .conversationsItemsList, .conversationsItemsRetrieve,
    .conversationsItemsDelete,
    .modelsList, .modelsRetrieve,
    .cacheStats, .cacheClear, .cacheExplain, .usageSummary,
    .toolsList, .pluginsList, .storeBackup, .storeStatus, .storeCheck,
    .tokensCreate, .tokensList, .tokensRevoke, .httpInfo, .httpCode,
    .daemonPing, .daemonStatus, .daemonReload, .daemonSchema,
  ]

  private static let named = Dictionary(all.map { ($0.name, $0) }) { first, _ in first }

  /// The method of a name.
  static func find(_ name: String) throws(RPCError) -> Method {
    if let method = named[name] { return method }
    var details: [(key: String, value: RawJSON)] = []
    if let suggestion = closest(to: name, among: all.map(\.name)) {
      details.append(("did_you_mean", .string(suggestion)))
    }
    throw RPCError(
      .methodNotFound, "there is no method \(RawJSON.string(name).excerpt)", details: details)
  }

  /// The JSON Schema of the params of every method.
  static let schema = RawJSON.object { result in
    result.member("$schema", "https://json-schema.org/draft/2020-12/schema")
    result.key("methods")
    result.object { methods in
      for method in all {
        methods.key(method.name)
        methods.object { $0.member("params", method.params.jsonSchema) }
      }
    }
  }
}
