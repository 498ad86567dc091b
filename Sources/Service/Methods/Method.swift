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
  /// Checks the params, and is what `daemon.schema` tells of them.
  let params: Shape
  let perform: Body

  /// - Parameter perform: gets params that were checked.
  init(_ name: String, _ params: Shape = .noParams, perform: @escaping Body) {
    self.init(name, unchecked: params) { daemon, call throws(RPCError) in
      try params.check(call.params)
      return try perform(daemon, call)
    }
  }

  /// - Parameter perform: checks the params itself, some of which need it no more.
  init(_ name: String, unchecked params: Shape, perform: @escaping Body) {
    self.name = name
    self.params = params
    self.perform = perform
  }
}

extension Method {
  /// A method that is answered at once.
  static func immediate(
    _ name: String, _ params: Shape = .noParams,
    _ body: @escaping @EventLoop (Daemon, Call) throws(RPCError) -> RawJSON
  ) -> Method {
    Method(name, params) { daemon, call throws(RPCError) in .result(try body(daemon, call)) }
  }

  /// A method that is answered when its work is done.
  static func working(
    _ name: String, _ params: Shape = .noParams,
    _ body: @escaping @EventLoop (Daemon, Call) async throws(RPCError) -> RawJSON
  ) -> Method {
    Method(name, params) { daemon, call in
      .work { () throws(RPCError) in .result(try await body(daemon, call)) }
    }
  }

  /// A method that changes what is stored.
  static func writing(
    _ name: String, _ params: Shape,
    _ body: @escaping @EventLoop (Daemon, Call, Store) async throws(RPCError) -> RawJSON
  ) -> Method {
    working(name, params) { daemon, call throws(RPCError) in
      try await body(daemon, call, daemon.state.open())
    }
  }

  /// A method that only reads what is stored; its answer may be large.
  static func reading(
    _ name: String, _ params: Shape = .noParams,
    _ body: @escaping @EventLoop (Daemon, Call, Store) async throws(RPCError) -> RawJSON
  ) -> Method {
    Method(name, params) { daemon, call in
      .work(isInTurn: true) { () throws(RPCError) in
        .result(try await body(daemon, call, daemon.state.openForReading()))
      }
    }
  }

  /// A method that takes the body of a create and creates no response.
  static func planning(
    _ name: String, _ params: Shape = .createParameters,
    _ body:
      @escaping @EventLoop (Daemon, Call, CreateRequest, RequestPlan) async throws(RPCError)
      -> RawJSON
  ) -> Method {
    Method(name, unchecked: params) { daemon, call throws(RPCError) in
      let (request, plan) = try daemon.plan(call.params, by: params)
      return .work { () throws(RPCError) in .result(try await body(daemon, call, request, plan)) }
    }
  }
}

extension Daemon {
  /// Reads and plans the body of a create.
  func plan(
    _ params: RawJSON, by shape: Shape = .createParameters
  ) throws(RPCError) -> (CreateRequest, RequestPlan) {
    try requireConfiguration()
    let request = try CreateRequest(params: params, by: shape)
    return (request, try RequestPlan(request, configuration, upstreams))
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
  }
}
