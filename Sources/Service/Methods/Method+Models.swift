internal import Configuration
internal import EventLoop
internal import JSON
internal import Wire

extension Method {
  static let modelsList = working(
    "models.list", for: .everybody, .params(["refresh": .boolean, "upstream": .nonEmptyString])
  ) { daemon, call throws(RPCError) in
    try daemon.requireConfiguration()
    var asked = daemon.configuration.upstreams
    if let wanted = call.text("upstream") {
      do throws(UnknownNameError) {
        asked = [try daemon.configuration.requireUpstream(wanted)]
      } catch {
        throw RPCError(error)
      }
    }
    return try await daemon.models.list(
      asked.compactMap { daemon.upstreams[$0.name] }, as: call.caller,
      daemon.responseServices.upstreams,
      refresh: call.isSet("refresh")
    ).get()
  }

  static let modelsRetrieve = working(
    "models.retrieve", for: .readers, .params(["model": .model], required: ["model"])
  ) { daemon, call throws(RPCError) in
    try daemon.requireConfiguration()
    let name = daemon.configuration.model(named: call.requiredText("model"))
    try call.caller.grant?.require(model: name)
    return try await daemon.models.retrieve(
      name,
      from: daemon.configuration.upstreams.compactMap { daemon.upstreams[$0.name] },
      as: call.subject, daemon.responseServices.upstreams
    ).get()
  }

  // MARK: For clients of the API

  /// The list that the API's clients choose from, in a few seconds at most.
  static let modelsOffered = working("models.list", for: .everybody) {
    daemon, call throws(RPCError) in
    await daemon.models.offer(try daemon.market(for: call))
  }

  static let modelOffered = working(
    "models.retrieve", for: .readers, .params(["model": .model], required: ["model"])
  ) { daemon, call throws(RPCError) in
    let name = daemon.configuration.model(named: call.requiredText("model"))
    try call.caller.grant?.require(model: name)
    return try await daemon.models.offered(name, of: try daemon.market(for: call)).get()
  }
}

extension Daemon {
  fileprivate func market(for call: Call) throws(RPCError) -> ModelCatalog.Market {
    try requireConfiguration()
    return ModelCatalog.Market(
      configuration: configuration,
      upstreams: configuration.upstreams.compactMap { upstreams[$0.name] },
      caller: call.caller, services: responseServices.upstreams)
  }
}
