internal import Configuration
internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// One method of the protocol (`halley-protocol(7)`, METHODS): what its params have to be, and what
/// performs it.
package struct Method: Sendable {
  typealias Body = @EventLoop (Daemon, Call) throws(RPCError) -> Reply

  package let name: String
  /// Who may ask for it.
  package let roles: Roles
  /// Checks the params, and is what `daemon.schema` tells of them.
  let params: Shape
  private let body: Body

  /// - Parameter body: gets params that were checked.
  init(_ name: String, for roles: Roles, _ params: Shape = .noParams, body: @escaping Body) {
    self.init(name, for: roles, unchecked: params) { daemon, call throws(RPCError) in
      try params.check(call.params)
      return try body(daemon, call)
    }
  }

  /// - Parameter body: checks the params itself, some of which need it no more.
  init(_ name: String, for roles: Roles, unchecked params: Shape, body: @escaping Body) {
    self.name = name
    self.roles = roles
    self.params = params
    self.body = body
  }

  /// Performs it for a caller who may ask for it, by whatever face it came in.
  @EventLoop
  func perform(_ daemon: Daemon, _ call: Call) throws(RPCError) -> Reply {
    try require(call.caller)
    do throws(RPCError) {
      let reply = try body(daemon, call)
      guard case .work(let isInTurn, let work) = reply else { return reply }
      return .work(isInTurn: isInTurn) { () throws(RPCError) in
        do throws(RPCError) {
          return try await work()
        } catch {
          throw error.told(to: call.caller)
        }
      }
    } catch {
      throw error.told(to: call.caller)
    }
  }

  /// Refuses who may not ask for it.
  func require(_ caller: Caller) throws(RPCError) {
    guard !roles.contains(caller.role) else { return }
    if let grant = caller.grant {
      throw RPCError(.permission, "\(grant) may not ask for \(name)")
    }
    throw RPCError(.permission, "only root and the daemon's own user may ask for \(name)")
  }
}

extension Method {
  /// A method that is answered at once.
  static func immediate(
    _ name: String, for roles: Roles, _ params: Shape = .noParams,
    _ body: @escaping @EventLoop (Daemon, Call) throws(RPCError) -> RawJSON
  ) -> Method {
    Method(name, for: roles, params) { daemon, call throws(RPCError) in
      .result(try body(daemon, call))
    }
  }

  /// A method that is answered when its work is done.
  static func working(
    _ name: String, for roles: Roles, _ params: Shape = .noParams,
    _ body: @escaping @EventLoop (Daemon, Call) async throws(RPCError) -> RawJSON
  ) -> Method {
    Method(name, for: roles, params) { daemon, call in
      .work { () throws(RPCError) in .result(try await body(daemon, call)) }
    }
  }

  /// A method that changes what is stored.
  static func writing(
    _ name: String, for roles: Roles, _ params: Shape,
    _ body: @escaping @EventLoop (Daemon, Call, Store) async throws(RPCError) -> RawJSON
  ) -> Method {
    working(name, for: roles, params) { daemon, call throws(RPCError) in
      try await body(daemon, call, daemon.state.open())
    }
  }

  /// A method that only reads what is stored; its answer may be large.
  static func reading(
    _ name: String, for roles: Roles, _ params: Shape = .noParams,
    _ body: @escaping @EventLoop (Daemon, Call, Store) async throws(RPCError) -> RawJSON
  ) -> Method {
    Method(name, for: roles, params) { daemon, call in
      .work(isInTurn: true) { () throws(RPCError) in
        .result(try await body(daemon, call, daemon.state.openForReading()))
      }
    }
  }

  /// A method that takes the body of a create and creates no response.
  static func planning(
    _ name: String, for roles: Roles, _ params: Shape = .createParameters,
    _ body:
      @escaping @EventLoop (Daemon, Call, CreateRequest, RequestPlan) async throws(RPCError)
      -> RawJSON
  ) -> Method {
    Method(name, for: roles, unchecked: params) { daemon, call throws(RPCError) in
      let (request, plan) = try daemon.plan(call, by: params)
      return .work { () throws(RPCError) in .result(try await body(daemon, call, request, plan)) }
    }
  }
}

extension Daemon {
  /// Reads and plans the body of a create.
  func plan(
    _ call: Call, by shape: Shape = .createParameters
  ) throws(RPCError) -> (CreateRequest, RequestPlan) {
    try requireConfiguration()
    let request = try CreateRequest(params: call.params, by: shape)
    let plan = try RequestPlan(request, configuration, upstreams, within: call.caller.grant)
    return (request, plan)
  }

  /// Refuses what can't be done with a configuration that stands in for one with mistakes.
  func requireConfiguration() throws(RPCError) {
    if let configurationErrors { throw RPCError(configurationErrors) }
  }
}

extension RPCError {
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
    namesPlaces = true
  }
}
