import Configuration
import Testing

@Suite struct ConfigurationExampleTests {
  private static let example = """
    default_upstream = "cometapi"
    default_model = "gpt-5.4"

    [upstreams.cometapi]
    base_url = "https://api.cometapi.com/v1"
    api_key = { env = "COMETAPI_KEY" }
    models = ["*"]
    state = "replay"
    headers = { "X-Title" = "halley" }
    max_concurrent = 16
    connect_timeout = "5s"
    first_event_timeout = "120s"
    idle_timeout = "300s"
    total_timeout = "30m"
    max_retries = 2
    fallback = ["openai"]
    prewarm = true

    [upstreams.openai]
    base_url = "https://api.openai.com/v1"
    api_key = { credential = "openai" }

    [upstreams.local]
    base_url = "http://127.0.0.1:8080/v1"
    models = ["local/*"]
    strip_prefix = true

    [profiles.commit]
    model = "gpt-5.4-mini"
    instructions = "Write a commit message…"
    reasoning = { effort = "low" }
    tools = ["git.*"]

    [cache]
    enabled = true
    ttl = "24h"
    max_size = "256MiB"

    [budgets]
    daily_usd = 5.0
    monthly_usd = 50.0
    per_client = { nvim = 1.0 }
    on_unknown_price = "allow"

    [prices."gpt-5.4"]
    input = 1.25
    cached_input = 0.125
    output = 10.0

    [plugins.redact]
    command = ["/usr/share/halley/plugins/redact-secrets"]
    hooks = ["request"]
    timeout = "2s"
    on_failure = "deny"

    [plugins.git]
    command = ["/usr/bin/uvx", "mcp-server-git"]
    tools = true
    env = { GIT_TERMINAL_PROMPT = "0" }
    approval = "ask"
    approvals = { "git.push" = "deny" }
    start = "lazy"
    max_restarts = 5

    [store]
    max_age = "90d"
    max_size = "1GiB"
    events = "24h"
    idempotency = "24h"

    [limits]
    connections = 1024
    requests_per_connection = 64
    line = "80MiB"
    buffers = "256MiB"
    response = "64MiB"
    stalled_reader = "30s"
    drain = "30s"

    [log]
    level = "info"
    prompts = false
    """

  @Test func `a configuration with every section is taken`() throws {
    let configuration = try ConfigurationScratch().load(Self.example)
    #expect(configuration.upstreams.map(\.name) == ["cometapi", "openai", "local"])
    #expect(configuration.upstreams.first?.fallback == ["openai"])
    #expect(configuration.plugins.map(\.name) == ["redact", "git"])
    #expect(configuration.profiles.map(\.name) == ["commit"])
    #expect(configuration.prices.map(\.model) == [Glob("gpt-5.4")])
    #expect(configuration.limits == LimitsConfiguration())
    #expect(configuration.cache == CacheConfiguration())
    #expect(configuration.log == LogConfiguration())
    #expect(configuration.store.maximumAge == .seconds(90 * 86_400))
    #expect(try configuration.route(forModel: "local/gemma").model == "gemma")
  }
}
