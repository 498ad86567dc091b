internal import EventLoop
internal import JSON
internal import Wire

extension Daemon {
  /// Performs one request or notification of a client.
  func perform(_ request: RPCRequest, from connection: ClientConnection) {
    guard let method = Method(rawValue: request.method) else {
      if let id = request.id {
        connection.answer(id, .failure(.methodNotFound(request.method)))
      }
      return
    }
    guard let id = request.id else {
      if method == .cancelRequest { cancelRequest(request.params, on: connection, answering: nil) }
      return
    }
    do throws(RPCError) {
      try MethodSchemas.check(request.params, of: method.rawValue)
      try perform(method, request.params, id, connection)
    } catch {
      connection.answer(id, .failure(error))
    }
  }

  private func perform(
    _ method: Method, _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    switch method {
    case .initialize: connection.answer(id, .success(initialize(params, connection)))
    case .cancelRequest: cancelRequest(params, on: connection, answering: id)
    case .responsesCreate: try createResponse(params, id, connection)
    case .responsesRetrieve: try retrieveResponse(params, id, connection)
    case .responsesCancel: try cancelResponse(params, id, connection)
    case .responsesDelete: try deleteResponse(params, id, connection)
    case .responsesInputItemsList: try listInputItems(params, id, connection)
    case .responsesInputTokensCount: try countInputTokens(params, id, connection)
    case .responsesCompact: try compact(params, id, connection)
    case .cacheStats: try cacheStatistics(params, id, connection)
    case .cacheClear: try clearCache(params, id, connection)
    case .cacheExplain: try explainCaching(params, id, connection)
    case .usageSummary: try summarizeUsage(params, id, connection)
    case .modelsList: try listModels(params, id, connection)
    case .modelsRetrieve: try retrieveModel(params, id, connection)
    case .toolsList: try listTools(params, id, connection)
    case .pluginsList:
      _ = try Parameters(params)
      connection.answer(id, .success(plugins.listJSON))
    case .daemonPing:
      _ = try Parameters(params)
      connection.answer(id, .success(.emptyObject))
    case .daemonStatus:
      _ = try Parameters(params)
      connection.answer(id, .success(status(for: connection.peer)))
    case .daemonSchema:
      _ = try Parameters(params)
      connection.answer(id, .success(Self.schema))
    case .daemonReload: try reload(params, id, connection)
    default: try performOnConversations(method, params, id, connection)
    }
  }

  private func performOnConversations(
    _ method: Method, _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    switch method {
    case .conversationsCreate: try createConversation(params, id, connection)
    case .conversationsRetrieve: try retrieveConversation(params, id, connection)
    case .conversationsUpdate: try updateConversation(params, id, connection)
    case .conversationsDelete: try deleteConversation(params, id, connection)
    case .conversationsList: try listConversations(params, id, connection)
    case .conversationsFork: try forkConversation(params, id, connection)
    case .conversationsSearch: try searchConversations(params, id, connection)
    case .conversationsWatch: try watchConversation(params, id, connection)
    case .conversationsItemsCreate: try createItems(params, id, connection)
    case .conversationsItemsList: try listItems(params, id, connection)
    case .conversationsItemsRetrieve: try retrieveItem(params, id, connection)
    case .conversationsItemsDelete: try deleteItem(params, id, connection)
    default: preconditionFailure("method \(method.rawValue) has a name, but nothing performs it")
    }
  }

  // MARK: Connection

  private func initialize(_ params: RawJSON, _ connection: ClientConnection) -> RawJSON {
    if let client = params.nonNull("client") {
      if let name = client["name"]?.string { connection.peer.name = name }
      connection.peer.version = client["version"]?.string
    }
    if let canApprove = params["capabilities"]?["approvals"]?.boolean {
      connection.peer.canApprove = canApprove
    }
    return serverDescription
  }

  private var serverDescription: RawJSON {
    let limits = configuration.limits
    return .object { result in
      result.key("server")
      result.object {
        $0.member("name", "halleyd")
        $0.member("version", halleyVersion)
      }
      result.member("protocol", 1)
      result.key("capabilities")
      result.object { capabilities in
        capabilities.key("methods")
        capabilities.array { for method in Method.allCases { $0.string(method.rawValue) } }
        capabilities.member("streaming", true)
      }
      result.key("limits")
      result.object {
        $0.member("line", limits.line)
        $0.member("depth", limits.depth)
        $0.member("nodes", limits.nodes)
        $0.member("key", limits.key)
        $0.member("number", limits.number)
        $0.member("requests_per_connection", limits.requestsPerConnection)
      }
    }
  }

  private func cancelRequest(
    _ params: RawJSON, on connection: ClientConnection, answering id: RPCID?
  ) {
    // No request in flight has an id that can't be one.
    if let target = params["id"].flatMap({ RPCID($0) }) {
      connection.cancel(target)
    }
    if let id { connection.answer(id, .success(.emptyObject)) }
  }

  // MARK: Daemon

  private func listModels(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    if let configurationErrors { throw RPCError(configurationErrors) }
    let parameters = try Parameters(params, known: "upstream", "refresh")
    let wanted = try parameters.string("upstream")
    let refresh = try parameters.boolean("refresh") ?? false
    var asked = configuration.upstreams.compactMap { upstreams[$0.name] }
    if let wanted {
      asked = asked.filter { $0.name == wanted }
      guard !asked.isEmpty else {
        throw RPCError(
          UnknownNameError(
            kind: "upstream", name: wanted,
            suggestion: closest(to: wanted, among: upstreams.keys.sorted()),
            known: upstreams.keys.sorted()))
      }
    }
    let keys = keys
    connection.perform(id) { [self, asked] () throws(RPCError) in
      let list = await models.list(asked, keys: keys, refresh: refresh)
      connection.answer(id, .success(try list.get()))
    }
  }

  private func retrieveModel(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    if let configurationErrors { throw RPCError(configurationErrors) }
    let name = try Parameters(params, known: "model").requiredString("model")
    let asked = configuration.upstreams.compactMap { upstreams[$0.name] }
    let keys = keys
    connection.perform(id) { [self, asked] () throws(RPCError) in
      let model = await models.retrieve(name, from: asked, keys: keys)
      connection.answer(id, .success(try model.get()))
    }
  }

  /// The JSON Schema of the params of every method.
  private static let schema = RawJSON.object { result in
    result.member("$schema", "https://json-schema.org/draft/2020-12/schema")
    result.key("methods")
    result.object { methods in
      for method in Method.allCases {
        guard let params = MethodSchemas.params(of: method.rawValue) else {
          preconditionFailure("method \(method.rawValue) has no schema")
        }
        methods.key(method.rawValue)
        methods.object { $0.member("params", params) }
      }
    }
  }

  private func listTools(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    if let configurationErrors { throw RPCError(configurationErrors) }
    _ = try Parameters(params)
    connection.perform(id) { [self] () throws(RPCError) in
      connection.answer(id, .success(try await tools.list(uid: connection.peer.userID)))
    }
  }

  private func reload(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    _ = try Parameters(params)
    guard connection.peer.isOperator else {
      throw RPCError(.permission, "only root and the daemon's own user may reload it")
    }
    EventLoop.start { [self] in connection.answer(id, await reloadResult()) }
  }

  private func reloadResult() async -> Result<RawJSON, RPCError> {
    switch await reload() {
    case .failure(let errors): return .failure(RPCError(errors))
    case .success(let configuration):
      return .success(
        .object { result in
          result.member("reloaded", true)
          result.key("files")
          result.array { for file in configuration.files { $0.string(file) } }
          result.key("warnings")
          result.array { for warning in configuration.warnings { $0.string(warning) } }
        })
    }
  }
}

extension RPCError {
  /// The same for an id that is unknown and one that belongs to another user.
  static func responseNotFound(_ id: String) -> RPCError {
    RPCError(
      .notFound, "there is no response \(RawJSON.string(id).excerpt)",
      details: [("param", .string("response_id"))])
  }

  init(_ errors: ConfigurationErrors) {
    self.init(
      .config, errors.description,
      details: [
        ("hint", .string(errors.hint)),
        (
          "errors",
          .build { writer in
            writer.array { for error in errors.errors { $0.string(error.description) } }
          }
        ),
      ])
  }
}
