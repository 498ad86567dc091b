import Configuration
import Foundation
import Testing

/// That every key of halley.toml(5) does something: each has a row with a value that is not its
/// default, and with the code that reads what it sets. A key without a row is found by asking the
/// reader which keys it knows.
@Suite struct ConfigurationEffectTests {
  struct Row {
    let table: String
    let key: String
    let value: String
    /// Stands in the source where the key is made use of.
    let use: String

    init(_ table: String, _ key: String, _ value: String, _ use: String) {
      (self.table, self.key, self.value, self.use) = (table, key, value, use)
    }

    var path: String { table.isEmpty ? key : "\(table).\(key)" }
  }

  /// A table of each kind, with what it must have and what its other keys need beside them.
  private static let base: [(table: String, keys: KeyValuePairs<String, String>)] = [
    ("", ["proxy": #""http://proxy.example:1""#, "default_upstream": #""u""#]),
    (
      "upstreams.u",
      ["base_url": #""https://u.example/v1""#, "client_certificate": #""/c.pem""#]
    ),
    ("profiles.p", [:]), ("plugins.g", ["command": #"["/bin/true"]"#, "hooks": #"["request"]"#]),
    ("prices.m", ["input": "1", "output": "2"]), ("cache", [:]), ("budgets", [:]), ("store", [:]),
    ("limits", [:]), ("log", [:]), ("http", [:]), ("budgets.per_client.c", [:]),
    ("aliases", [:]), ("sockets.s", ["path": #""/run/s.sock""#]),
  ]

  private static let rows =
    network + plugins + sockets + money + limits + parameters + [
      Row("", "default_upstream", #""cometapi""#, "configuration.defaultUpstream"),
      Row("", "default_model", #""m""#, "configuration.defaultModel"),
      Row("aliases", "mini", #""m""#, "aliases[name]"),
      Row("profiles.p", "model", #""m""#, "profile?.model"),
      Row("profiles.p", "upstream", #""u""#, "profile?.upstream"),
      Row("profiles.p", "instructions", #""Be brief""#, "profile.instructions"),
      Row("profiles.p", "tools", #"["g.*"]"#, "profile?.tools"),
      Row("profiles.p", "parameters", "{ seed = 1 }", "profile.parameters"),
      Row("cache", "enabled", "false", "configuration.isEnabled"),
      Row("cache", "ttl", #""1h""#, "configuration.timeToLive"),
      Row("cache", "max_size", #""1MiB""#, "configuration.diskSize"),
      Row("store", "max_age", #""1h""#, "store.maximumAge"),
      Row("store", "max_size", #""1MiB""#, "store.maximumSize"),
      Row("store", "events", #""1h""#, "store.events"),
      Row("store", "idempotency", #""1h""#, "store.idempotency"),
      Row("http", "listen", #"["[::1]:4141"]"#, "configuration.http.listen"),
      Row("http", "default_model", #""m""#, "configuration.defaultModel"),
      Row("log", "level", #""debug""#, "configuration.level"),
      Row("log", "prompts", "true", "configuration.prompts"),
    ]

  private static let network =
    ["", "upstreams.u"].flatMap { table in
      [
        Row(table, "proxy", #""http://other.example:1""#, "configuration.proxy"),
        Row(table, "no_proxy", #"["example.org"]"#, "!exceptions.contains"),
        Row(table, "proxy_auth", #"{ env = "AUTH" }"#, "proxy?.credentialSource"),
      ]
    } + [
      Row("upstreams.u", "base_url", #""https://v.example/v1""#, "configuration.baseURL"),
      Row(
        "upstreams.u", "api_key", #"{ command = ["/bin/true"], refresh = "1h" }"#,
        "configuration.keyRefresh"),
      Row("upstreams.u", "key_header", #""api-key""#, "upstream.keyHeader"),
      Row("upstreams.u", "models", #"["m*"]"#, "upstream.models"),
      Row("upstreams.u", "strip_prefix", "true", "upstreams[index].stripPrefix"),
      Row("upstreams.u", "state", #""upstream""#, "upstream.configuration.state"),
      Row("upstreams.u", "headers", #"{ X-Title = "t" }"#, "upstream.headers"),
      Row("upstreams.u", "max_concurrent", "1", "configuration.maximumConcurrent"),
      Row("upstreams.u", "connect_timeout", #""1s""#, "connectTimeout: connectTimeout"),
      Row("upstreams.u", "first_event_timeout", #""1s""#, "upstream.firstEventTimeout"),
      Row("upstreams.u", "idle_timeout", #""1s""#, "upstream.idleTimeout"),
      Row("upstreams.u", "total_timeout", #""1s""#, "upstreams[way.index].totalTimeout"),
      Row("upstreams.u", "max_retries", "1", "configuration.maximumRetries"),
      Row("upstreams.u", "fallback", #"["cometapi"]"#, "upstreams[way.index].fallback"),
      Row("upstreams.u", "prewarm", "false", "configuration.prewarm"),
      Row("upstreams.u", "ca_file", #""/a.pem""#, "route.authorities = certificateAuthorities"),
      Row("upstreams.u", "client_certificate", #""/d.pem""#, "configuration.clientCertificate"),
      Row("upstreams.u", "client_key", #""/k.pem""#, "upstream.clientKey"),
      Row("upstreams.u", "plain_http", "true", "guard allowsPlainHTTP"),
    ]

  private static let plugins = [
    Row("plugins.g", "enabled", "false", "filter(\\.isEnabled)"),
    Row("plugins.g", "command", #"["/bin/false"]"#, "configuration.command"),
    Row("plugins.g", "directory", #""/tmp""#, "configuration.directory"),
    Row("plugins.g", "start", #""eager""#, "plugin.configuration.start"),
    Row("plugins.g", "start_timeout", #""1s""#, "configuration.startTimeout"),
    Row("plugins.g", "idle_stop", #""1s""#, "configuration.idleStop"),
    Row("plugins.g", "max_restarts", "1", "configuration.maximumRestarts"),
    Row("plugins.g", "hooks", #"["usage"]"#, "plugin.configuration.hooks"),
    Row("plugins.g", "timeout", #""1s""#, "plugin.configuration.timeout"),
    Row("plugins.g", "on_failure", #""allow""#, "plugin.configuration.onFailure"),
    Row("plugins.g", "tools", "true", "configuration.servesTools"),
    Row("plugins.g", "tool_timeout", #""1s""#, "plugin.configuration.toolTimeout"),
    Row("plugins.g", "idempotent", #"["g.*"]"#, "plugin.idempotent"),
    Row("plugins.g", "approval", #""allow""#, "plugin.approval("),
    Row("plugins.g", "approvals", #"{ "g.x" = "deny" }"#, "plugin.approval("),
    Row("plugins.g", "sandbox", #""strict""#, "plugin.sandbox"),
    Row("plugins.g", "memory_max", #""1GiB""#, "plugin.memoryMaximum"),
    Row("plugins.g", "network", "false", "plugin.hasNetwork"),
    Row("plugins.g", "write", #"["/tmp"]"#, "plugin.writablePaths"),
    Row("plugins.g", "env", #"{ A = "b" }"#, "plugin.environment"),
  ]

  private static let sockets = [
    Row("sockets.s", "path", #""/run/t.sock""#, "socket.path"),
    Row("sockets.s", "protocol", #""http""#, "socket.proto"),
    Row("sockets.s", "mode", #""0660""#, "socket.mode"),
    Row("sockets.s", "budget_usd", "1", "socket.budget"),
    Row("sockets.s", "models", #"["m*"]"#, "socket.models"),
    Row("sockets.s", "tools", #"["g.*"]"#, "socket.tools"),
  ]

  private static let money = [
    Row("budgets", "daily_usd", "1", "configuration.overall"),
    Row("budgets", "monthly_usd", "1", "configuration.overall"),
    Row("budgets", "on_unknown_price", #""deny""#, "configuration.onUnknownPrice"),
    Row("budgets", "warn_percent", "1", "configuration.warnPercent"),
    Row("budgets", "per_user", "{ 1000 = 1 }", "configuration.perUser"),
    Row("budgets", "per_client", "{ nvim = 1 }", "configuration.perClient"),
    Row("budgets.per_client.c", "daily_usd", "1", "budget?.daily"),
    Row("budgets.per_client.c", "monthly_usd", "1", "budget?.monthly"),
    Row("prices.m", "input", "3", "price.input"),
    Row("prices.m", "cached_input", "0.5", "price.cachedInput"),
    Row("prices.m", "output", "3", "price.output"),
  ]

  private static let limits = [
    ("connections", "7", "connections"),
    ("requests_per_connection", "7", "requestsPerConnection"), ("requests", "7", "requests"),
    ("queue", "7", "queue"), ("line", "1024", "line"), ("buffers", #""300MiB""#, "buffers"),
    ("output", "1024", "output"), ("outputs", "1024", "outputs"),
    ("response", #""1MiB""#, "response"), ("responses", #""1MiB""#, "responses"),
    ("event", "4096", "event"), ("depth", "7", "depth"), ("nodes", "17", "nodes"),
    ("key", "64", "key"), ("number", "20", "number"),
    ("stalled_reader", #""1s""#, "stalledReader"), ("drain", #""1s""#, "drain"),
    ("approval", #""1s""#, "approval"), ("tool_calls", "7", "toolCalls"),
    ("tool_rounds", "7", "toolRounds"), ("tool_time", #""1s""#, "toolTime"),
    ("tool_output", "1024", "toolOutput"),
  ].map { Row("limits", $0.0, $0.1, "limits.\($0.2)") }

  /// Members of a request, which go into it as they are.
  private static let parameters = [
    "background", "context_management", "include", "max_output_tokens", "max_tool_calls",
    "metadata", "parallel_tool_calls", "prompt", "prompt_cache_key", "prompt_cache_retention",
    "reasoning", "safety_identifier", "service_tier", "store", "stream_options", "temperature",
    "text", "tool_choice", "top_logprobs", "top_p", "truncation", "user",
  ].map { Row("profiles.p", $0, "1", "profile.parameters") }

  /// The base with some keys set.
  private func text(_ set: [Row]) -> String {
    Self.base.filter { table, _ in
      // A client's table is not beside the row that sets all clients.
      !set.contains { $0.path == "budgets.per_client" && table.hasPrefix($0.path) }
    }.map { table, keys in
      var lines = Dictionary(uniqueKeysWithValues: keys.map { ($0, $1) })
      for row in set where row.table == table { lines[row.key] = row.value }
      let header = table.isEmpty ? "" : "[\(table)]\n"
      return header + lines.map { "\($0) = \($1)\n" }.joined()
    }.joined()
  }

  /// The keys that the reader knows, as it lists them where it finds an unknown one.
  private func known() throws -> Set<String> {
    let unknown = Self.base.map { Row($0.table, "zzz", "1", "") }
    let error = #expect(throws: ConfigurationErrors.self) {
      _ = try ConfigurationScratch().load(text(unknown))
    }
    return Set(
      (error?.errors ?? []).flatMap { error in
        let parts = error.expected.split(separator: ": ", maxSplits: 1)
        // A table that takes any key names none.
        guard parts.count == 2 else { return [String]() }
        let table = parts[0].split(separator: "[").dropFirst().first?.dropLast() ?? ""
        return parts[1].split(separator: ", ").map { table.isEmpty ? "\($0)" : "\(table).\($0)" }
      })
  }

  @Test func `every key that is read has a row here, and every row is read`() throws {
    let tables = Set(Self.base.compactMap { $0.table.split(separator: ".").first.map(String.init) })
    let named = Self.rows.filter { $0.table != "aliases" }
    #expect(Set(named.map(\.path)) == (try known()).subtracting(tables))
  }

  @Test func `every key changes the configuration`() throws {
    let scratch = try ConfigurationScratch()
    func values(_ set: [Row]) throws -> String {
      var configuration = try scratch.load(text(set))
      configuration.settings = []
      var values = ""
      dump(configuration, to: &values)
      return values
    }
    let unchanged = try values([])
    for row in Self.rows {
      #expect(try values([row]) != unchanged, "\(row.path)")
    }
  }

  @Test func `every key is made use of, and is in the manual`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let sources = root.appending(path: "Sources")
    let files = try #require(
      FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
    let code = try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
      .map { try String(contentsOf: $0, encoding: .utf8) }.joined()
    let manual = try String(
      contentsOf: root.appending(path: "contrib/man/halley.toml.5"), encoding: .utf8)
    let words = Set(manual.split { !($0.isLetter || $0.isNumber || $0 == "_") })
    for row in Self.rows {
      let isRead = code.contains(row.use)
      #expect(isRead, "nothing reads \(row.path) as \(row.use)")
      let isDocumented = words.contains(row.key[...])
      #expect(isDocumented, "\(row.path) is not in the manual")
    }
  }
}
