internal import EventLoop
internal import JSON
internal import Wire

/// A request that is there as a whole, as the call that it stands for.
struct HTTPCall {
  /// What answers.
  enum Answer {
    case reply(Reply)
    case file(PageFile)
  }

  private let head: HTTPRequestHead
  private let route: APIRoute
  private let caller: Caller?
  private let body: Result<RawJSON, RPCError>
  let format: any AnswerFormat

  init(
    _ head: HTTPRequestHead, _ route: APIRoute, _ caller: Caller?, body: [UInt8],
    _ limits: JSONLimits
  ) {
    self.head = head
    self.route = route
    self.caller = caller
    self.body = Self.object(body, limits)
    format = ResponseFormat(
      isStream: Self.isStream(head, route, self.body), isFull: head["x-halley"] == "full")
  }

  private static func object(_ body: [UInt8], _ limits: JSONLimits) -> Result<RawJSON, RPCError> {
    guard !body.isEmpty else { return .success(.emptyObject) }
    do throws(JSONError) {
      let json = try RawJSON(parsing: body, limits: limits)
      guard json.kind == .object else {
        return .failure(
          RPCError(.invalidRequest, "the body is \(json.excerpt), an object was expected"))
      }
      return .success(json)
    } catch {
      return .failure(RPCError(error))
    }
  }

  /// The params of a create: what the head says goes into `halley`, unless the body says it.
  private static func completed(
    _ body: RawJSON, _ head: HTTPRequestHead, _ configuration: HTTPConfiguration
  ) throws(RPCError) -> RawJSON {
    var body = body
    var options = body.nonNull("halley") ?? .emptyObject
    for (field, member) in [
      ("idempotency-key", "idempotency_key"), ("x-halley-cache", "cache"),
    ] {
      guard let value = head[field], options[member] == nil else { continue }
      options = options.setting(member, to: .string(value))
    }
    if options != .emptyObject { body = body.setting("halley", to: options) }
    guard body.nonNull("model") == nil, options.nonNull("profile") == nil else { return body }
    guard let model = configuration.defaultModel else {
      throw RPCError(
        .invalidParams, "model is missing, and http.default_model is not set",
        details: [("param", .string("model"))])
    }
    return body.setting("model", to: .string(model))
  }

  private static func isStream(
    _ head: HTTPRequestHead, _ route: APIRoute, _ body: Result<RawJSON, RPCError>
  ) -> Bool {
    switch route.endpoint {
    case .create, .chat:
      if case .success(let body) = body { body["stream"]?.boolean ?? false } else { false }
    case .method, .health, .page, .overview, .usage:
      head.target.query.contains { $0.name == "stream" && $0.value == "true" }
    }
  }

  @EventLoop
  func perform(_ daemon: Daemon) throws(APIError) -> Answer {
    do throws(RPCError) {
      let body = try body.get()
      switch route.endpoint {
      case .page(let file): return .file(file)
      case .overview: return .reply(daemon.overview(for: try known()))
      case .usage:
        let params = try route.params(head, body: .emptyObject)
        return .reply(try daemon.pageUsage(params, for: try known()))
      case .health: return .reply(.result(.object { $0.member("status", "ok") }))
      case .method(let method):
        return .reply(try perform(method, try route.params(head, body: body), daemon))
      case .create, .chat:
        let params = try Self.completed(body, head, daemon.configuration.http)
        return .reply(try perform(.responsesCreate, params, daemon))
      }
    } catch {
      throw APIError(error)
    }
  }

  /// Who asks; a route that is for anybody has nothing to do for somebody.
  private func known() throws(RPCError) -> Caller {
    guard let caller else { throw RPCError(.permission, "nobody is known to ask") }
    return caller
  }

  @EventLoop
  private func perform(
    _ method: Method, _ params: RawJSON, _ daemon: Daemon
  ) throws(RPCError) -> Reply {
    try method.perform(daemon, Call(params: params, caller: try known(), asker: nil))
  }
}
