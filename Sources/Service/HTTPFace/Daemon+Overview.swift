internal import Configuration
internal import EventLoop
internal import Glibc
internal import JSON
internal import Plugins
internal import Store
internal import Wire

/// What the page shows: names and numbers, never what was asked or answered.
extension Daemon {
  func overview(for caller: Caller) -> Reply {
    .work { [self] () throws(RPCError) in
      let contents = try await state.openForReading().performing { _ throws(StoreError) in
        try await cache.statistics(of: caller.principal.subject)
      }
      return .result(overview(for: caller, cache: contents))
    }
  }

  private func overview(for caller: Caller, cache: RawJSON) -> RawJSON {
    .object { overview in
      overview.member("version", Version.text)
      overview.member("pid", getpid())
      overview.member("uptime_s", (EventLoop.now - started).components.seconds)
      overview.member("now", SystemClock.milliseconds())
      overview.member("clients", clients.count)
      overview.member("cache", cache)
      overview.key("responses")
      overview.array { list in
        for run in registry.running.values
        where caller.isOperator || caller.principal.sees(run.principal) {
          list.object { write(run, &$0) }
        }
      }
      overview.key("upstreams")
      overview.array { list in
        for configuration in configuration.upstreams {
          guard let upstream = upstreams[configuration.name] else { continue }
          list.object { write(upstream, &$0) }
        }
      }
      overview.key("plugins")
      overview.array { for plugin in plugins.listJSON["data"]?.elements ?? [] { $0.value(plugin) } }
      overview.key("budgets")
      overview.array { list in
        let subject = caller.principal.subject
        let grants = tokens.tokens(of: subject).map { Grant($0) }
        for budget in ledger.budgets(of: subject) + grants.compactMap({ ledger.budget(of: $0) }) {
          list.object { write(budget, &$0) }
        }
      }
    }
  }

  private func write(_ run: TurnDriver, _ json: inout JSONWriter) {
    json.member("id", run.id.map { .string($0) } ?? .null)
    json.member("model", run.model)
    json.member("client", run.caller.name)
    json.member("upstream", run.upstreamName)
    json.member("conversation", run.conversation.map { .string($0.name ?? $0.id) } ?? .null)
    json.member("status", run.currentObject?["status"] ?? .string("queued"))
    json.member("started_at", run.createdAt * 1000)
    json.member("events", run.log.count)
    json.member("output_bytes", run.log.bytes)
    json.member("readers", run.log.readerCount)
  }

  private func write(_ upstream: Upstream, _ json: inout JSONWriter) {
    let hasAnswered = upstream.succeeded > 0
    json.member("name", upstream.name)
    json.member("state", upstream.isDown ? "down" : hasAnswered ? "ok" : "unknown")
    json.member("breaker", upstream.breakerName)
    json.member("in_flight", upstream.running)
    json.member("max_concurrent", upstream.configuration.maximumConcurrent)
    json.member("queued", upstream.queued)
    json.member("succeeded", upstream.succeeded)
    json.member("failed", upstream.failed)
    json.member("key", upstream.lacksKey ? "missing" : hasAnswered ? "set" : "unknown")
    json.member("last_error", upstream.lastError.map { .string(Self.told($0)) } ?? .null)
  }

  /// An upstream's own words may repeat what it was asked.
  private static func told(_ error: RPCError) -> String {
    error.code == .upstreamHTTP || error.code == .upstreamProtocol
      ? error.code.rawValue : error.message
  }

  private func write(_ budget: Budgets.Standing, _ json: inout JSONWriter) {
    json.member("name", budget.name)
    json.member("limit_usd", budget.limit.json)
    json.member("spent_usd", budget.spent.json)
    json.member("period", budget.isMonthly ? "month" : "day")
  }
}

// MARK: The session

extension Daemon {
  /// Exchanges a code for the token of a page, which no other code does and no later one can.
  func pageSession(_ params: RawJSON) throws(RPCError) -> RawJSON {
    try Shape.params(["code": .nonEmptyString], required: ["code"]).check(params)
    guard let token = try pages.redeem(params["code"]?.string ?? "") else {
      throw RPCError(
        .permission, "the code is unknown, was used before, or is more than a minute old",
        details: [("param", .string("code")), ("hint", .string("halley open gives another"))])
    }
    let lifetime = PageSessions.sessionLifetime.components.seconds
    return .object {
      $0.member("token", token)
      $0.member("expires_at", SystemClock.milliseconds() / 1000 + lifetime)
    }
  }
}

// MARK: Usage

extension Daemon {
  /// What was spent, by day, model or client.
  func pageUsage(_ params: RawJSON, for caller: Caller) throws(RPCError) -> Reply {
    try UsageReport.params.check(params)
    let query = UsageReport.query(params, as: caller.isOperator ? nil : caller.principal)
    return .work { [self] () throws(RPCError) in
      await state.usage.flush()
      let rows = try await state.openForReading().performing { store throws(StoreError) in
        try await store.usageSummary(query)
      }
      return .result(
        .object { result in
          result.key("data")
          result.array { data in for row in rows { data.object { write(row, query, &$0) } } }
        })
    }
  }

  private func write(_ row: UsageSummary, _ query: UsageQuery, _ json: inout JSONWriter) {
    json.member("key", UsageReport.name(row.group, query.grouping))
    json.member("requests", row.requests)
    json.member("input_tokens", row.tokens.input)
    json.member("output_tokens", row.tokens.output)
    json.member("cost_usd", row.cost.map { NanoDollars($0).json } ?? .null)
    json.member("is_minimum", row.unpriced > 0)
  }
}
