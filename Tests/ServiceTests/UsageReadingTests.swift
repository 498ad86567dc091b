import Glibc
import JSON
import Service
import Store
import Testing
import Wire

@Suite struct UsageReadingTests {
  private func response(_ usage: String) throws -> RawJSON {
    try RawJSON(parsing: #"{"usage":\#(usage)}"#)
  }

  // MARK: Tokens

  @Test(arguments: [
    (
      """
      {"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":20,\
      "output_tokens_details":{"reasoning_tokens":5},"total_tokens":30}
      """, TokenCounts(input: 10, cached: 4, output: 20, reasoning: 5)
    ),
    (#"{"input_tokens":10,"output_tokens":20}"#, TokenCounts(input: 10, output: 20)),
    (
      #"{"input_tokens":10,"output_tokens":20,"input_tokens_details":null}"#,
      TokenCounts(input: 10, output: 20)
    ),
    (
      #"{"prompt_tokens":10,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":3}}"#,
      TokenCounts(input: 10, cached: 3, output: 2)
    ),
    (#"{"output_tokens":20.0}"#, TokenCounts(output: 20)),
    (
      #"{"input_tokens":-5,"output_tokens":1,"output_tokens_details":{"reasoning_tokens":9}}"#,
      TokenCounts(output: 1, reasoning: 1)
    ),
    (#"{"input_tokens":1e300,"output_tokens":0}"#, TokenCounts(input: 1_000_000_000_000)),
  ])
  func `what an upstream says is read`(usage: String, tokens: TokenCounts) throws {
    #expect(try UsageReader.tokens(of: response(usage)) == tokens)
  }

  @Test(arguments: ["null", "{}", "[]", "7", #"{"input_tokens":"x"}"#, #"{"total_tokens":5}"#])
  func `what says no counts is no usage`(usage: String) throws {
    #expect(try UsageReader.tokens(of: response(usage)) == nil)
  }

  // MARK: Estimates

  @Test func `an estimate errs high and stays in bounds`() throws {
    let text = "The quick brown fox jumps over the lazy dog."
    let item = RawJSON.object {
      $0.member("role", "user")
      $0.member("content", text)
    }
    let estimate = TokenEstimate.input(body: .emptyObject, items: [item])
    // Tokenizers of the API count 10 for the sentence and 4 for a message.
    #expect(estimate >= 14 && estimate <= 60)
    let body = try RawJSON(parsing: #"{"instructions":"\#(text)","input":"not counted"}"#)
    #expect(TokenEstimate.input(body: body, items: [item]) > estimate + 10)
    #expect(TokenEstimate.input(body: .emptyObject, items: []) == 0)
  }

  @Test func `pictures and files count by their kind, not by their spelling`() throws {
    let data = String(repeating: "A", count: 3_000_000)
    func estimate(_ part: String) throws -> Int {
      TokenEstimate.input(
        body: .emptyObject,
        items: [try RawJSON(parsing: #"{"role":"user","content":[\#(part)]}"#)])
    }
    let image = try estimate(
      #"{"type":"input_image","image_url":"data:image/png;base64,\#(data)"}"#)
    let small = try estimate(#"{"type":"input_image","detail":"low","image_url":"x"}"#)
    let file = try estimate(#"{"type":"input_file","file_id":"file_1"}"#)
    let large = try estimate(#"{"type":"input_file","file_data":"\#(data)"}"#)
    #expect(image < 5000 && small < image && file > image && large > 500_000)
  }

  @Test func `the most that may be answered is what the request says`() throws {
    #expect(try TokenEstimate.output(body: RawJSON(parsing: #"{"max_output_tokens":7}"#)) == 7)
    #expect(TokenEstimate.output(body: .emptyObject) == 4096)
  }

  @Test func `an answer that was cut off is estimated by its text`() throws {
    let response = try RawJSON(
      parsing:
        #"{"output":[{"type":"message","content":[{"type":"output_text","text":"abcdef"}]}]}"#)
    #expect(TokenEstimate.output(of: response) > 2)
    #expect(TokenEstimate.output(of: .emptyObject) == 0)
  }

  // MARK: Days

  @Test func `a day is the local calendar's`() {
    let now: Int64 = 1_767_225_600_000
    var parts = unsafe tm()
    var seconds = time_t(now / 1000)
    unsafe localtime_r(&seconds, &parts)
    let expected =
      unsafe Int(parts.tm_year + 1900) * 10_000 + Int(parts.tm_mon + 1) * 100
      + Int(parts.tm_mday)
    #expect(LocalDay(at: now).number == expected)
  }

  @Test(arguments: ["2026-01-31", "2024-02-29", "1999-12-31", "2026-12-31", "2026-03-29"])
  func `a day begins at its start and ends with the next`(text: String) throws {
    let day = try #require(LocalDay(checked: text))
    #expect(day.text == text)
    #expect(LocalDay(at: day.start) == day)
    #expect(LocalDay(at: day.start - 1000) < day)
    #expect(LocalDay(at: day.next.start - 1000) == day)
    #expect(LocalDay(at: day.next.start) == day.next)
    #expect(day < day.next)
  }

  @Test func `a month is that of its days`() {
    #expect(LocalDay(number: 20_260_131).month == 202_601)
    #expect(LocalDay(number: 20_260_131).firstOfMonth == LocalDay(number: 20_260_101))
  }

  // MARK: usage.summary

  @Test func `a question is read with its defaults`() throws {
    let plain = UsageReport.query(.emptyObject, as: .user(1000))
    #expect(plain.principal == .user(1000) && plain.grouping == .day && plain.since == nil)
    let query = try UsageReport.query(
      RawJSON(parsing: #"{"since":"2026-01-31","until":"2026-01-31","by":"uid"}"#), as: nil)
    let day = try #require(LocalDay(checked: "2026-01-31"))
    #expect(query.principal == nil && query.grouping == .uid)
    #expect(query.since == day.start && query.until == day.next.start)
    let seconds = try UsageReport.query(
      RawJSON(parsing: #"{"since":1700000000,"until":1700000000.5}"#), as: nil)
    #expect(seconds.since == 1_700_000_000_000 && seconds.until == 1_700_000_000_500)
  }

  @Test(arguments: [
    ("by", #"{"by":"hour"}"#), ("by", #"{"by":1}"#), ("since", #"{"since":"yesterday"}"#),
    ("since", #"{"since":-1}"#), ("until", #"{"until":1e300}"#), ("until", #"{"until":[]}"#),
    ("since", #"{"since":"2026-02-29"}"#), ("since", #"{"since":"2026-1-1"}"#),
    ("since", #"{"since":"1969-12-31"}"#), ("until", #"{"until":"2026-01-31T00"}"#),
  ])
  func `a question that can't be meant is refused by its member`(member: String, params: String)
    throws
  {
    let error = #expect(throws: RPCError.self) {
      try UsageReport.params.check(RawJSON(parsing: params))
    }
    #expect(error?.code == .invalidParams)
    #expect(error?.message.hasPrefix("\(member): ") == true)
  }
}
