internal import Configuration
internal import EventLoop
internal import JSON
internal import Wire

extension Method {
  /// An old daemon has to be able to greet a new client: it takes what it does not know, and answers
  /// with its own version.
  static let initialize = Method(
    "initialize", for: .everybody,
    Shape([
      "capabilities": .object(Shape(["approvals": .boolean])),
      "client": .object(Shape(["name": .text(1...64), "version": .string])),
      "protocol": .integer(1...Int64.max),
    ])
  ) { daemon, call in
    var caller = call.caller
    caller.introduce(
      call["client"], canApprove: call["capabilities"]?["approvals"]?.boolean)
    return .introduction(caller, daemon.greeting)
  }

  /// What a client puts into notifications belongs to it.
  static let cancelRequest = Method(
    "$/cancelRequest", for: .everybody,
    Shape(["id": .either([.string, .wholeNumber])], required: ["id"])
  ) { .cancellation(of: RPCID(cancelling: $1.params)) }

  static let daemonPing = immediate("daemon.ping", for: .everybody) { _, _ in .emptyObject }
  static let daemonStatus = immediate("daemon.status", for: .readers) { $0.status(for: $1.caller) }
  static let daemonSchema = immediate("daemon.schema", for: .readers) { _, _ in schema }

  static let daemonReload = Method("daemon.reload", for: .operators) { daemon, _ in
    .work { () throws(RPCError) in .result(try await daemon.reloadReport()) }
  }
}

extension RPCID {
  /// The id that a cancellation names; nil for one that no request in flight can have.
  init?(cancelling params: RawJSON) {
    guard let json = params["id"] else { return nil }
    self.init(json)
  }
}

extension Daemon {
  fileprivate var greeting: RawJSON {
    let limits = configuration.limits
    return .object { result in
      result.key("server")
      result.object {
        $0.member("name", "halleyd")
        $0.member("version", Version.text)
      }
      result.member("protocol", 1)
      result.key("capabilities")
      result.object { capabilities in
        capabilities.key("methods")
        capabilities.array { for method in Method.all { $0.string(method.name) } }
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

  fileprivate func reloadReport() async throws(RPCError) -> RawJSON {
    switch await reload() {
    case .failure(let errors): throw RPCError(errors)
    case .success(let configuration):
      return .object { result in
        result.member("reloaded", true)
        result.key("files")
        result.array { for file in configuration.files { $0.string(file) } }
        result.key("warnings")
        result.array { for warning in configuration.warnings { $0.string(warning) } }
      }
    }
  }
}
