import Configuration
import Testing

@Suite struct ConfigurationValueTests {
  private let scratch: ConfigurationScratch

  init() throws { scratch = try ConfigurationScratch() }

  @Test(arguments: [
    ("250ms", Duration.milliseconds(250)), ("5s", .seconds(5)), ("120s", .seconds(120)),
    ("30m", .seconds(1800)), ("1h", .seconds(3600)), ("24h", .seconds(86_400)),
    ("1d", .seconds(86_400)),
  ])
  func `a duration is a whole number and a unit`(text: String, duration: Duration) throws {
    #expect(try scratch.load("[limits]\ndrain = \"\(text)\"").limits.drain == duration)
  }

  @Test(arguments: [
    "30", "\"30\"", "\"s\"", "\"-1s\"", "\"1.5s\"", "\"5 s\"", "\"0s\"", "\"5sec\"", "\"2d\"",
    "\"99999999999999999999s\"", "\"9223372036854775807d\"", "true", "1.5", "2020-01-01",
  ])
  func `anything else is no duration`(text: String) throws {
    let errors = try scratch.errors("[limits]\ndrain = \(text)")
    #expect(errors.count == 1)
    #expect(errors.first?.hasPrefix("config.toml:2:9: limits.drain: found ") == true)
    #expect(
      errors.first?.hasSuffix(
        ", expected a duration such as \"30s\" (ms, s, m, h, d), from 1ms to 1d") == true)
  }

  @Test(arguments: [
    ("\"80MiB\"", 80 << 20), ("\"1GiB\"", 1 << 30), ("\"64KiB\"", 65_536), ("\"2MB\"", 2_000_000),
    ("\"3KB\"", 3000), ("\"1GB\"", 1_000_000_000), ("\"2048B\"", 2048), ("4096", 4096),
  ])
  func `a size is a whole number and a unit, or bytes`(text: String, bytes: Int) throws {
    let configuration = try scratch.load("[limits]\nbuffers = \"4GiB\"\nline = \(text)")
    #expect(configuration.limits.line == bytes)
  }

  @Test(arguments: ["\"80\"", "\"80mib\"", "\"80 MiB\"", "\"-1MiB\"", "0", "-5", "\"2GiB\"", "1.0"])
  func `anything else is no size`(text: String) throws {
    let errors = try scratch.errors("[limits]\nline = \(text)")
    #expect(errors.count == 1)
    #expect(errors.first?.contains("limits.line") == true)
    #expect(errors.first?.contains("expected a size such as \"80MiB\"") == true)
  }

  @Test func `money is kept in billionths of a dollar`() throws {
    let budgets = try scratch.load(
      """
      [budgets]
      daily_usd = 5.0
      monthly_usd = 50
      per_client = { nvim = 0.1, emacs = { monthly_usd = 0.000000001 } }
      per_user = { 1000 = 2.5 }
      on_unknown_price = "deny"
      """
    ).budgets
    #expect(budgets.overall.daily == NanoDollars(5_000_000_000))
    #expect(budgets.overall.monthly == NanoDollars(50_000_000_000))
    #expect(budgets.perClient["nvim"]?.daily == NanoDollars(100_000_000))
    #expect(budgets.perClient["emacs"] == .init(monthly: NanoDollars(1)))
    #expect(budgets.perUser[1000]?.daily == NanoDollars(2_500_000_000))
    #expect(budgets.onUnknownPrice == .deny)
  }

  @Test(arguments: ["-1", "inf", "nan", "\"5\"", "1000001", "0.0000000001"])
  func `money that is none is refused`(text: String) throws {
    let errors = try scratch.errors("[budgets]\ndaily_usd = \(text)")
    #expect(errors.first?.contains("budgets.daily_usd: found") == true)
    #expect(errors.first?.contains("expected US dollars as a number") == true)
  }

  @Test func `budgets name clients and numbers of users`() throws {
    let errors = try scratch.errors(
      "[budgets]\nper_user = { alice = 1 }\nper_client = { a = \"b\" }")
    #expect(errors.count == 2)
    #expect(errors.first?.contains("a user's number in decimal") == true)
    #expect(errors.last?.contains("budgets.per_client.a") == true)
  }

  @Test func `prices are for a million tokens, and by name or glob`() throws {
    let configuration = try scratch.load(
      """
      [prices."gpt-5.4"]
      input = 1.25
      cached_input = 0.125
      output = 10.0
      [prices."gpt-*"]
      input = 1
      output = 2
      """)
    let price = try #require(configuration.price(forModel: "gpt-5.4"))
    #expect(price.input == NanoDollars(1_250_000_000))
    #expect(price.cachedInput == NanoDollars(125_000_000))
    #expect(price.output == NanoDollars(10_000_000_000))
    #expect(configuration.price(forModel: "gpt-6")?.cachedInput == nil)
    #expect(configuration.price(forModel: "other") == nil)
  }

  @Test func `a price needs input and output`() throws {
    let errors = try scratch.errors("[prices.\"m\"]\ncached_input = 1")
    #expect(errors.count == 2)
    #expect(errors.first?.contains("prices.m.input: found nothing") == true)
  }

  @Test(arguments: [
    "depth = 129", "depth = 0", "connections = 0", "requests = -1", "number = 3", "nodes = 1",
    "connections = 1.5", "connections = \"5\"",
  ])
  func `limits stay within bounds`(line: String) throws {
    let errors = try scratch.errors("[limits]\n\(line)")
    #expect(errors.count == 1)
    #expect(errors.first?.contains("expected an integer from") == true)
  }

  @Test func `all buffers together hold at least one line`() throws {
    let errors = try scratch.errors("[limits]\nbuffers = \"1MiB\"")
    #expect(
      errors == [
        "config.toml:2:11: limits.buffers: found 1MiB, expected at least limits.line (80MiB)"
      ])
  }
}
