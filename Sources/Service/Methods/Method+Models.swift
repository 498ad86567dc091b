internal import Configuration
internal import EventLoop
internal import JSON
internal import Wire

extension Method {
  static let modelsList = working(
    "models.list", .params(["refresh": .boolean, "upstream": .nonEmptyString])
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
      asked.compactMap { daemon.upstreams[$0.name] }, as: call.subject,
      daemon.responseServices.upstreams,
      refresh: call.isSet("refresh")
    ).get()
  }

  static let modelsRetrieve = working(
    "models.retrieve", .params(["model": .model], required: ["model"])
  ) { daemon, call throws(RPCError) in
    try daemon.requireConfiguration()
    return try await daemon.models.retrieve(
      call.requiredText("model"),
      from: daemon.configuration.upstreams.compactMap { daemon.upstreams[$0.name] },
      as: call.subject, daemon.responseServices.upstreams
    ).get()
  }
}
