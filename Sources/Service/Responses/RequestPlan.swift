internal import EventLoop
internal import JSON
internal import Wire

/// What a checked request comes to: which upstreams are asked, for which model, with which body.
struct RequestPlan {
  /// The upstream that the request is routed to, then its fallbacks; never empty.
  let candidates: [Upstream]
  /// As the client or its profile named it.
  let model: String
  let deadline: Duration
  let hasSideEffects: Bool
  private let bodies: [String: RawJSON]

  /// The body for one of the candidates.
  func body(for upstream: String) -> RawJSON { bodies[upstream] ?? .emptyObject }

  @EventLoop
  init(
    _ request: CreateRequest, _ configuration: Configuration, _ upstreams: [String: Upstream]
  ) throws(RPCError) {
    let profile = try Self.profile(request, configuration)
    model = request.model ?? profile?.model ?? configuration.defaultModel
    let wanted = request.options.upstream ?? profile?.upstream
    let first = try Self.route(model, wanted, configuration)
    let filled = Self.fill(request.body, from: profile)
    var candidates: [Upstream] = []
    var bodies: [String: RawJSON] = [:]
    for name in [first.upstream.name] + first.upstream.fallback where bodies[name] == nil {
      guard let upstream = upstreams[name] else { continue }
      let route = try Self.route(model, name, configuration)
      candidates.append(upstream)
      bodies[name] = filled.naming(model: route.model)
    }
    guard !candidates.isEmpty else {
      throw RPCError(.internal, "upstream \(first.upstream.name) is configured but not running")
    }
    self.candidates = candidates
    self.bodies = bodies
    deadline = min(first.upstream.totalTimeout, request.options.timeout ?? first.upstream.totalTimeout)
    hasSideEffects = Self.hasSideEffects(filled)
  }

  private static func profile(
    _ request: CreateRequest, _ configuration: Configuration
  ) throws(RPCError) -> ProfileConfiguration? {
    guard let name = request.options.profile else { return nil }
    do throws(UnknownNameError) {
      return try configuration.requireProfile(name)
    } catch {
      throw RPCError(error)
    }
  }

  private static func route(
    _ model: String, _ upstream: String?, _ configuration: Configuration
  ) throws(RPCError) -> Route {
    do throws(UnknownNameError) {
      return try configuration.route(forModel: model, explicit: upstream)
    } catch {
      throw RPCError(error)
    }
  }

  /// Adds what the profile says and the request does not.
  private static func fill(_ body: RawJSON, from profile: ProfileConfiguration?) -> RawJSON {
    guard let profile else { return body }
    var filled = body
    let own = Set(body.members.map(\.key))
    if let instructions = profile.instructions, !own.contains("instructions") {
      filled = filled.setting("instructions", to: .string(instructions))
    }
    for parameter in profile.parameters where !own.contains(parameter.name) {
      filled = filled.setting(parameter.name, to: parameter.value)
    }
    return filled
  }

  /// Tools that only look things up, or that the client runs itself, may be asked for twice.
  private static func hasSideEffects(_ body: RawJSON) -> Bool {
    (body.nonNull("tools")?.elements ?? []).contains { tool in
      let type = tool["type"]?.string ?? ""
      return !(["function", "custom", "file_search"].contains(type)
        || type.utf8.starts(with: "web_search".utf8))
    }
  }
}

extension RawJSON {
  /// The body with a model's name; untouched where it says so already.
  fileprivate func naming(model: String) -> RawJSON {
    self["model"]?.string == model ? self : setting("model", to: .string(model))
  }
}

extension RPCError {
  init(_ error: UnknownNameError) {
    self.init(
      .config, error.message,
      details: [("hint", .string(error.hint)), (error.kind, .string(error.name))])
  }
}
