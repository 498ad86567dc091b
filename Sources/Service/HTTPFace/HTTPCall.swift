internal import Configuration
internal import EventLoop
internal import JSON
internal import Wire

/// A request that is there as a whole: what it asks, and in which format it is answered.
@EventLoop
struct HTTPCall {
  /// What answers.
  enum Answer {
    case reply(Reply)
    case file(PageFile)
  }

  typealias Body = @EventLoop (Daemon) throws(RPCError) -> Answer

  let format: any AnswerFormat
  let perform: Body

  private init(_ format: any AnswerFormat = ResponseFormat(), perform: @escaping Body) {
    self.format = format
    self.perform = perform
  }

  /// Reads a request; one that can't be read is answered with what is wrong.
  ///
  /// - Parameter caller: nil where the route is for anybody.
  static func reading(
    _ head: HTTPRequestHead, _ route: APIRoute, _ caller: Caller?, _ body: [UInt8],
    _ daemon: Daemon
  ) -> HTTPCall {
    do throws(RPCError) {
      return try HTTPCall(head, route, caller, body, daemon)
    } catch {
      return HTTPCall { _ throws(RPCError) in throw error }
    }
  }

  private init(
    _ head: HTTPRequestHead, _ route: APIRoute, _ caller: Caller?, _ body: [UInt8],
    _ daemon: Daemon
  ) throws(RPCError) {
    let limits = ClientLimits(daemon.configuration.limits).json
    let body =
      body.isEmpty ? .emptyObject : try RawJSON(object: body, named: "body", limits: limits)
    let params = try route.params(head, body: body)
    switch route.endpoint {
    case .create: self = try .create(params, head, try Self.known(caller), daemon)
    case .chat: self = try .chat(params, head, try Self.known(caller), daemon)
    case .method(let method):
      let isAbout = Self.aboutModels.contains(method.name)
      self = .method(
        method, isAbout ? try Self.withModel(params, daemon.configuration.http) : params, head,
        try Self.known(caller))
    case .webSocket:
      // The connection itself answers.
      throw RPCError(.internal, "a WebSocket is no answer")
    case .health:
      self.init { _ in .reply(.result(.object { $0.member("status", "ok") })) }
    case .page(let file):
      self.init { _ in .file(file) }
    case .session:
      self.init { daemon throws(RPCError) in .reply(.result(try daemon.pageSession(params))) }
    case .overview:
      let caller = try Self.known(caller)
      self.init { .reply($0.overview(for: caller)) }
    case .usage:
      let caller = try Self.known(caller)
      self.init { daemon throws(RPCError) in .reply(try daemon.pageUsage(params, for: caller)) }
    }
  }

  // MARK: Kinds

  private static func create(
    _ params: RawJSON, _ head: HTTPRequestHead, _ caller: Caller, _ daemon: Daemon
  ) throws(RPCError) -> HTTPCall {
    let params = try completed(params, head, daemon.configuration.http)
    let format = ResponseFormat(
      isStream: params["stream"]?.boolean ?? false, isFull: isFull(head), request: params)
    return HTTPCall(format, .responsesCreate, params, caller)
  }

  private static func chat(
    _ body: RawJSON, _ head: HTTPRequestHead, _ caller: Caller, _ daemon: Daemon
  ) throws(RPCError) -> HTTPCall {
    let chat = try ChatRequest(body: body)
    var params = try completed(chat.params, head, daemon.configuration.http)
    // Only what comes piece by piece can be ended at a stop sequence.
    if !chat.reply.stop.isEmpty { params = params.setting("stream", to: .boolean(true)) }
    return HTTPCall(ChatFormat(chat), .responsesCreate, params, caller)
  }

  private static func method(
    _ method: Method, _ params: RawJSON, _ head: HTTPRequestHead, _ caller: Caller
  ) -> HTTPCall {
    let isStream = params["stream"]?.boolean ?? false
    let format = ResponseFormat(
      isStream: isStream, isFull: isFull(head),
      startingAfter: params["starting_after"]?.wholeNumber.map { Int($0) })
    // Events are filled in from the first one on, whichever of them are wanted.
    return HTTPCall(
      format, method, isStream ? params.removing("starting_after") : params, caller)
  }

  private init(
    _ format: any AnswerFormat, _ method: Method, _ params: RawJSON, _ caller: Caller
  ) {
    let call = Call(params: params, caller: caller, asker: nil, fillsIn: true)
    self.init(format) { daemon throws(RPCError) in .reply(try method.perform(daemon, call)) }
  }

  /// Who asks; a route that is for anybody has nothing to do for somebody.
  private static func known(_ caller: Caller?) throws(RPCError) -> Caller {
    guard let caller else { throw RPCError(.permission, "nobody is known to ask") }
    return caller
  }

  // MARK: Reading

  static func isFull(_ head: HTTPRequestHead) -> Bool { head["x-halley"] == "full" }

  /// The params of a create: what the head says goes into `halley`, unless the body says it.
  ///
  /// - Parameter isOnly: whether the head is that of this create and no other.
  static func completed(
    _ body: RawJSON, _ head: HTTPRequestHead, _ configuration: HTTPConfiguration,
    isOnly: Bool = true
  ) throws(RPCError) -> RawJSON {
    var body = body
    var options = body.nonNull("halley") ?? .emptyObject
    let members = [("x-halley-cache", "cache")]
    for (field, member) in isOnly ? members + [("idempotency-key", "idempotency_key")] : members {
      guard let value = head[field], options[member] == nil else { continue }
      options = options.setting(member, to: .string(value))
    }
    if options != .emptyObject { body = body.setting("halley", to: options) }
    return try withModel(body, configuration)
  }

  /// Methods that ask a model as a create does.
  private static let aboutModels = ["responses.compact", "responses.input_tokens.count"]

  /// A request with the model that the face asks where it names none. A profile or a prompt template
  /// may have one.
  private static func withModel(
    _ body: RawJSON, _ configuration: HTTPConfiguration
  ) throws(RPCError) -> RawJSON {
    guard body.nonNull("model") == nil, body.nonNull("prompt") == nil,
      body["halley"]?.nonNull("profile") == nil
    else { return body }
    guard let model = configuration.defaultModel else {
      throw RPCError(
        .invalidParams, "model is missing, and http.default_model is not set",
        details: [("param", .string("model"))])
    }
    return body.setting("model", to: .string(model))
  }
}
