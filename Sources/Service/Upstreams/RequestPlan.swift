package import Configuration
package import EventLoop
package import JSON
package import Wire

/// What a checked request comes to: which upstreams are asked, for which model, with which body.
package struct RequestPlan {
  package struct Candidate {
    package let upstream: Upstream
    /// As this upstream knows the model.
    package let model: String
  }

  /// The upstream that the request is routed to, then its fallbacks; never empty.
  package private(set) var candidates: [Candidate]
  /// As the client or its profile named it, or a hook.
  package private(set) var model: String
  /// The request's members and those of its profile.
  package var body: RawJSON { object.json }
  /// The same, to look members up.
  let object: IndexedObject
  package private(set) var deadline: Duration
  package private(set) var hasSideEffects: Bool
  /// Globs of the daemon's tools that are offered to the model.
  package let tools: [String]
  /// What the client is allowed; nil for a user.
  private let grant: Grant?

  @EventLoop
  package init(
    _ request: CreateRequest, _ configuration: Configuration, _ upstreams: [String: Upstream],
    within grant: Grant?
  ) throws(RPCError) {
    self.grant = grant
    let profile = try Self.profile(request.options, configuration)
    model = configuration.model(
      named: request.model ?? profile?.model ?? configuration.defaultModel)
    (candidates, deadline) = try Self.ways(
      model, request.options, profile, configuration, upstreams)
    object = profile.map { IndexedObject(Self.fill(request.body, from: $0)) } ?? request.object
    hasSideEffects = Self.hasSideEffects(object)
    tools =
      request.options.tools.isEmpty
      ? profile?.tools.map(\.pattern) ?? [] : request.options.tools
    try requireModel(in: object.json)
    try requireTools(in: object.json)
  }

  /// The plan for what hooks made of the request: it goes where the model is that it names now.
  ///
  /// - Parameter body: what is to be sent.
  @EventLoop
  package func replaced(
    by body: RawJSON, _ options: HalleyOptions, _ configuration: Configuration,
    _ upstreams: [String: Upstream]
  ) throws(RPCError) -> RequestPlan {
    var plan = self
    plan.hasSideEffects = Self.hasSideEffects(IndexedObject(body))
    let named = body.nonNull("model")?.string
    guard named != candidates[0].model else { return plan }
    let profile = try Self.profile(options, configuration)
    plan.model = configuration.model(
      named: named ?? profile?.model ?? configuration.defaultModel)
    (plan.candidates, plan.deadline) = try Self.ways(
      plan.model, options, profile, configuration, upstreams)
    try plan.requireModel(in: body)
    try plan.requireTools(in: body)
    return plan
  }

  /// Refuses a model that the client may not ask for.
  private func requireModel(in body: RawJSON) throws(RPCError) {
    guard let grant else { return }
    if body.leavesModelToPrompt, grant.models != nil {
      throw RPCError(
        .permission, "\(grant) may not leave the model to a prompt template, and has to name one",
        details: [("param", .string("model"))])
    }
    try grant.require(model: model)
  }

  /// Refuses tools that run elsewhere than at the client: what they do is not what a restricted
  /// socket is for, and the models that they ask are asked for the client.
  private func requireTools(in body: RawJSON) throws(RPCError) {
    guard let grant else { return }
    try Self.require(body["tools"], at: "tools", within: grant)
    // Items may bring more.
    guard let input = body.nonNull("input"), input.kind == .array else { return }
    for (index, item) in input.elements.enumerated() {
      try Self.require(item["tools"], at: "input[\(index)].tools", within: grant)
    }
  }

  private static func require(
    _ tools: RawJSON?, at path: String, within grant: Grant
  ) throws(RPCError) {
    guard let tools, tools.kind == .array else { return }
    for (index, tool) in tools.elements.enumerated() {
      let path = "\(path)[\(index)]"
      try grant.require(tool: tool["type"]?.string ?? "", at: path)
      if let model = tool["model"]?.string { try grant.require(model: model, at: "\(path).model") }
      for (inner, tool) in (tool["tools"]?.elements ?? []).enumerated() {
        guard let model = tool["model"]?.string else { continue }
        try grant.require(model: model, at: "\(path).tools[\(inner)].model")
      }
    }
  }

  /// The upstreams that may be asked for a model, in order, and how long that may take.
  @EventLoop
  private static func ways(
    _ model: String, _ options: HalleyOptions, _ profile: ProfileConfiguration?,
    _ configuration: Configuration, _ upstreams: [String: Upstream]
  ) throws(RPCError) -> (candidates: [Candidate], deadline: Duration) {
    let wanted = options.upstream ?? profile?.upstream
    let way = try way(model, wanted, configuration)
    let first = configuration.upstreams[way.index].name
    var candidates: [Candidate] = []
    if let upstream = upstreams[first] {
      candidates.append(Candidate(upstream: upstream, model: way.model))
    }
    for name in configuration.upstreams[way.index].fallback {
      guard let upstream = upstreams[name],
        !candidates.contains(where: { $0.upstream === upstream })
      else { continue }
      let model = try Self.way(model, name, configuration).model
      candidates.append(Candidate(upstream: upstream, model: model))
    }
    guard !candidates.isEmpty else {
      throw RPCError(.internal, "upstream \(first) is configured but not running")
    }
    let longest = configuration.upstreams[way.index].totalTimeout
    return (candidates, min(longest, options.timeout ?? longest))
  }

  private static func profile(
    _ options: HalleyOptions, _ configuration: Configuration
  ) throws(RPCError) -> ProfileConfiguration? {
    guard let name = options.profile else { return nil }
    do throws(UnknownNameError) {
      return try configuration.requireProfile(name)
    } catch {
      throw RPCError(error)
    }
  }

  private static func way(
    _ model: String, _ upstream: String?, _ configuration: Configuration
  ) throws(RPCError) -> (index: Int, model: String) {
    do throws(UnknownNameError) {
      return try configuration.way(forModel: model, explicit: upstream)
    } catch {
      throw RPCError(error)
    }
  }

  /// Adds what the profile says and the request does not; a model, only where a prompt template
  /// would otherwise bring its own.
  private static func fill(_ body: RawJSON, from profile: ProfileConfiguration) -> RawJSON {
    var filled = body
    let own = Set(body.members.map(\.key))
    if let instructions = profile.instructions, !own.contains("instructions") {
      filled = filled.setting("instructions", to: .string(instructions))
    }
    if let model = profile.model, filled.leavesModelToPrompt {
      filled = filled.setting("model", to: .string(model))
    }
    for parameter in profile.parameters where !own.contains(parameter.name) {
      filled = filled.setting(parameter.name, to: parameter.value)
    }
    return filled
  }

  /// Tools that only look things up, or that the client runs itself, may be asked for twice.
  private static func hasSideEffects(_ body: IndexedObject) -> Bool {
    (body.nonNull("tools")?.elements ?? []).contains { tool in
      let type = tool["type"]?.string ?? ""
      return
        !(["function", "custom", "file_search"].contains(type)
        || type.utf8.starts(with: "web_search".utf8))
    }
  }
}

extension RawJSON {
  /// Whether a request names a prompt template and no model: then it is the template's that is
  /// asked. The default one stands for it as far as a route and an estimate need a name.
  var leavesModelToPrompt: Bool { nonNull("model") == nil && nonNull("prompt") != nil }
}

extension IndexedObject {
  /// As of its JSON.
  var leavesModelToPrompt: Bool { nonNull("model") == nil && nonNull("prompt") != nil }
}

extension RPCError {
  init(_ error: UnknownNameError) {
    self.init(
      .config, error.message,
      details: [("hint", .string(error.hint)), (error.kind, .string(error.name))])
    isOfRequest = true
  }
}
