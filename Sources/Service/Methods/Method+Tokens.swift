internal import Configuration
internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// Tokens of the calling user. A token makes none: what it does not allow, another one could.
extension Method {
  static let tokensCreate = working(
    "tokens.create", for: .users,
    .params(
      .tokenName,
      [
        "budget_usd_per_day": .number(0...1_000_000), "models": .globs, "tools": .globs,
        "read_only": .boolean, "shared": .boolean, "isolated": .boolean,
      ], required: ["name"],
      clauses: [
        Clause(
          [.not(.isTrue(["shared"])), .not(.isTrue(["isolated"]))], else: ["shared"],
          "found together with isolated, one of them was expected")
      ])
  ) { daemon, call throws(RPCError) in
    let name = call.requiredText("name")
    let token = try await daemon.tokens.create(name, of: call.subject, call.tokenLimits)
    daemon.journal.token(name, "made", by: call.caller)
    return .object {
      $0.member("name", name)
      $0.member("token", token)
      if call["budget_usd_per_day"] != nil {
        $0.member("unknown_price", daemon.configuration.budgets.onUnknownPrice.rawValue)
      }
    }
  }

  static let tokensList = working("tokens.list", for: .users) { daemon, call throws(RPCError) in
    _ = try await daemon.state.open()
    let tokens = daemon.tokens.tokens(of: call.subject)
    return .list(tokens.map { ($0.name, $0.json) }, hasMore: false)
  }

  static let tokensRevoke = working(
    "tokens.revoke", for: .users, .params(.tokenName, required: ["name"])
  ) { daemon, call throws(RPCError) in
    let name = call.requiredText("name")
    try await daemon.tokens.revoke(name, of: call.subject)
    if name == Tokens.first { try await daemon.removeFirstToken(of: call.subject) }
    daemon.journal.token(name, "revoked", by: call.caller)
    return .object {
      $0.member("name", name)
      $0.member("revoked", true)
    }
  }
}

extension [String: Rule] {
  fileprivate static let tokenName = ["name": Rule.matching(.tokenName)]
}

extension Rule {
  fileprivate static let globs = Rule.array(of: .text(1...256), count: 0...64)
}

extension Call {
  fileprivate var tokenLimits: StoredToken.Limits {
    var limits = StoredToken.Limits()
    limits.models = self["models"]?.elements.compactMap(\.string)
    limits.tools = self["tools"]?.elements.compactMap(\.string) ?? []
    // What would round to nothing buys nothing.
    limits.budget = self["budget_usd_per_day"]?.double.map { NanoDollars(dollars: $0)?.amount ?? 0 }
    limits.isReadOnly = isSet("read_only")
    limits.view = isSet("shared") ? .shared : isSet("isolated") ? .isolated : .own
    return limits
  }
}

extension StoredToken {
  /// Never the token.
  fileprivate var json: RawJSON {
    .object { token in
      token.member("name", name)
      token.member("read_only", limits.isReadOnly)
      token.member("sees", limits.view.rawValue)
      token.key("models")
      if let models = limits.models {
        token.array { for glob in models { $0.string(glob) } }
      } else {
        token.null()
      }
      token.key("tools")
      token.array { for glob in limits.tools { $0.string(glob) } }
      token.member("budget_usd_per_day", limits.budget.map { NanoDollars($0).json } ?? .null)
      token.member("created_at", createdAt / 1000)
      token.member("last_used_at", lastUsedAt.map { .integer($0 / 1000) } ?? .null)
      if digest.isEmpty { token.member("damaged", true) }
    }
  }
}
