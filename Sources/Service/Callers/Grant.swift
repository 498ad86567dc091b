internal import Configuration
internal import JSON
internal import Store
internal import Wire

/// What a caller is allowed who is not simply a user: one with a token, at a restricted socket, or in
/// the daemon's page.
package struct Grant: Sendable {
  /// The client in usage, budgets and the journal.
  let name: String
  let role: Roles
  /// Whose rows it reads and writes.
  let principal: Principal
  /// nil for all.
  let models: [Glob]?
  /// Of the daemon's tools.
  let tools: [Glob]
  /// In a day, under its name.
  let budget: NanoDollars?
}

extension Grant {
  init(_ token: StoredToken) {
    let limits = token.limits
    name = token.name
    role = limits.isReadOnly ? .readOnlyToken : .token
    principal =
      switch limits.view {
      case .own: Principal(token.subject, token: token.name)
      case .shared: Principal(token.subject, token: token.name, isShared: true)
      case .isolated:
        Subject("token:\(token.name)@\(token.subject.name)").map { Principal($0) }
          ?? Principal(token.subject, token: token.name)
      }
    models = limits.models?.map(Glob.init)
    tools = limits.tools.map(Glob.init)
    budget = limits.budget.map { NanoDollars($0) }
  }

  /// Whoever comes in at a restricted socket.
  init(_ socket: SocketConfiguration) {
    name = socket.name
    role = .socket
    principal = Principal(.socket(socket.name))
    models = socket.models
    tools = socket.tools
    budget = socket.budget
  }

  /// A page that a user opened: it sees what the user sees.
  init(pageOf caller: Caller) {
    name = "page"
    role = .page
    principal = caller.principal
    models = nil
    tools = []
    budget = nil
  }
}

// MARK: What it allows

extension Grant {
  func allows(model: String) -> Bool {
    models?.contains { $0.matches(model) } ?? true
  }

  /// Refuses a model that may not be asked.
  ///
  /// - Parameter parameter: where it is named.
  func require(model: String, at parameter: String = "model") throws(RPCError) {
    guard !allows(model: model) else { return }
    let allowed = (models ?? []).map { "\"\($0)\"" }.joined(separator: ", ")
    throw RPCError(
      .permission,
      "\(self) may not ask the model \(RawJSON.string(model).excerpt), only \(allowed)",
      details: [("param", .string(parameter))])
  }

  /// Tools that the client runs itself.
  private static let clientTools = ["function", "custom"]

  /// Refuses a tool of an upstream's where nothing allows its type.
  func require(tool type: String, at parameter: String) throws(RPCError) {
    guard role == .socket, !Self.clientTools.contains(type),
      !tools.contains(where: { $0.matches(type) })
    else { return }
    throw RPCError(
      .permission,
      "\(self) may not use tools of the type \(RawJSON.string(type).excerpt), only function and"
        + " custom, and what its tools name",
      details: [("param", .string(parameter))])
  }

  /// As its budget is called in errors and warnings.
  var budgetName: String { role == .socket ? "sockets.\(name).budget_usd" : "token.\(name)" }
}

extension Grant: CustomStringConvertible {
  /// For people.
  package var description: String {
    switch role {
    case .page: "the daemon's page"
    case .socket: "the socket \"\(name)\""
    case .readOnlyToken: "the read-only token \"\(name)\""
    default: "the token \"\(name)\""
    }
  }
}
