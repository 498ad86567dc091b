import Configuration
import JSON
import Service
import Store
import Testing

@Suite struct UsagePriceTests {
  private func nano(_ dollars: Double) -> NanoDollars { NanoDollars(Int64(dollars * 1e9)) }

  // MARK: Cost

  @Test func `cost is exact and rounded up to a billionth`() {
    let price = ModelPrice(input: nano(1.25), cachedInput: nano(0.125), output: nano(10))
    let tokens = TokenCounts(input: 1000, cached: 600, output: 50, reasoning: 20)
    #expect(price.cost(of: tokens) == Cost(amount: NanoDollars(500_000 + 75_000 + 500_000)))
    let tiny = ModelPrice(input: NanoDollars(1), cachedInput: nil, output: NanoDollars(1))
    #expect(tiny.cost(of: TokenCounts(input: 1)).amount == NanoDollars(1))
    #expect(tiny.cost(of: TokenCounts(input: 999_999, output: 1)).amount == NanoDollars(1))
    #expect(tiny.cost(of: TokenCounts(input: 1_000_000, output: 1)).amount == NanoDollars(2))
    #expect(tiny.cost(of: TokenCounts()) == .none)
  }

  @Test func `cached input of unknown price is counted in full and said to be a bound`() {
    let price = ModelPrice(input: nano(2), cachedInput: nil, output: nano(3))
    let cost = price.cost(of: TokenCounts(input: 100, cached: 40))
    #expect(cost == Cost(amount: NanoDollars(200_000), isUpperBound: true))
    #expect(!price.cost(of: TokenCounts(input: 100)).isUpperBound)
    let free = ModelPrice(input: .zero, cachedInput: nil, output: .zero)
    #expect(free.cost(of: TokenCounts(input: 1, cached: 1)) == .none)
  }

  @Test func `the largest sums stay within their bounds`() {
    let price = ModelPrice(input: nano(1e6), cachedInput: nil, output: nano(1e6))
    #expect(price.cost(of: TokenCounts(input: .max, output: .max)).amount.amount == .max)
    #expect((NanoDollars(.max) + NanoDollars(1)).amount == .max)
  }

  // MARK: Published prices

  private func published(_ json: String) throws -> [StoredPrice]? {
    PublishedPrices.read(try RawJSON(parsing: json))
  }

  @Test func `a list as CometAPI publishes it is read, with the part that is charged`() throws {
    let prices = try published(
      """
      {"success":true,"data":[
       {"id":"a","name":"A","pricing":{"input":5,"output":25,"ratio":0.8,"per_request":null}},
       {"id":"b","pricing":{"input":0.3,"output":1.2,"ratio":0.8}},
       {"id":"c","pricing":{"input":12,"output":60,"ratio":1}},
       {"id":"d","pricing":{"input":1.25,"output":10,"cached_input":0.125}}]}
      """)
    #expect(
      prices == [
        StoredPrice(
          model: "a", input: 4_000_000_000, cachedInput: nil, output: 20_000_000_000),
        StoredPrice(model: "b", input: 240_000_000, cachedInput: nil, output: 960_000_000),
        StoredPrice(
          model: "c", input: 12_000_000_000, cachedInput: nil, output: 60_000_000_000),
        StoredPrice(
          model: "d", input: 1_250_000_000, cachedInput: 125_000_000, output: 10_000_000_000),
      ])
  }

  @Test(arguments: [
    #"[{"model":"a","price":{"input":"1.5","output":"3","cached":"0.5"}}]"#,
    #"{"models":[{"name":"a","input_price":1.5,"output_price":3,"cached_input_price":0.5}]}"#,
    #"{"data":[{"id":"a","prices":{"prompt":1.5,"completion":3.0,"input_cache_read":5e-1}}]}"#,
  ])
  func `other names of the same things are read`(json: String) throws {
    #expect(
      try published(json) == [
        StoredPrice(
          model: "a", input: 1_500_000_000, cachedInput: 500_000_000, output: 3_000_000_000)
      ])
  }

  @Test(arguments: [
    #"{"id":"a"}"#, #"{"id":"a","pricing":null}"#, #"{"id":"a","pricing":{"per_second":0.1}}"#,
    #"{"id":"a","pricing":{"input":1}}"#, #"{"id":"a","pricing":{"input":-1,"output":1}}"#,
    #"{"id":"a","pricing":{"input":"free","output":1}}"#, #"{"id":"","pricing":{}}"#,
    #"{"pricing":{"input":1,"output":1}}"#, #""a""#, "7", "null",
    #"{"id":"a","pricing":{"input":1,"output":1,"ratio":0}}"#,
    #"{"id":"a","pricing":{"input":1,"output":1,"ratio":"?"}}"#,
    #"{"id":"a","pricing":{"input":1e9,"output":1}}"#,
  ])
  func `a model without a price for its tokens is left out, not free`(model: String) throws {
    #expect(try published(#"{"data":[\#(model)]}"#) == [])
  }

  @Test(arguments: ["{}", "null", #"{"data":{}}"#, #"{"error":"no"}"#])
  func `what is no list is told from an empty one`(json: String) throws {
    #expect(try published(json) == nil)
  }

  // MARK: The book

  @Test func `the configuration's price goes before the published one`() throws {
    let scratch = try ConfigurationScratch()
    let configuration = try scratch.load(
      """
      [prices."gpt-*"]
      input = 1
      output = 2
      """)
    var book = PriceBook()
    let stored = StoredPrice(model: "gpt-5.4", input: 7, cachedInput: 8, output: 9)
    let other = StoredPrice(model: "gemma", input: 4, cachedInput: nil, output: 6)
    book.take(StoredPriceList(upstream: "cometapi", readAt: 5, prices: [stored, other]))
    func price(_ model: String, _ name: String, _ upstream: String) -> ModelPrice? {
      book.price(of: model, named: name, at: upstream, configuration.prices)
    }
    #expect(price("gpt-5.4", "gpt-5.4", "cometapi")?.input == nano(1))
    #expect(price("5.4", "gpt-5.4", "cometapi")?.output == nano(2))
    #expect(price("gemma", "local/gemma", "cometapi")?.input == NanoDollars(4))
    #expect(price("gemma", "gemma", "openai") == nil)
    #expect(book.readAt("cometapi") == 5 && book.readAt("openai") == nil)
  }
}
