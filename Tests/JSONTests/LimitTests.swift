import JSON
import Testing

struct LimitTests {
  @Test(arguments: [1, 5, 127, 128])
  func `depth is bounded exactly`(depth: Int) {
    let limits = JSONLimits.strict { $0.maximumDepth = depth }
    let open = String(repeating: "[", count: depth)
    let close = String(repeating: "]", count: depth)
    #expect(refusal(of: open + close, limits: limits) == nil)
    let error = refusal(of: "[\(open)\(close)]", limits: limits)
    #expect(error?.code == .tooDeep)
    #expect(error?.offset == depth)
  }

  @Test func `objects and arrays count as one depth`() {
    let limits = JSONLimits.strict { $0.maximumDepth = 3 }
    #expect(refusal(of: #"{"a":[{"b":1},{"b":[]}]}"#, limits: limits)?.code == .tooDeep)
    #expect(refusal(of: #"{"a":[{"b":1},{"b":2}],"c":{"d":{}}}"#, limits: limits) == nil)
  }

  @Test func `no limit goes deeper than the scanner can`() {
    let limits = JSONLimits(
      maximumDepth: 1000, maximumNodes: .max, maximumKeyBytes: 10, maximumNumberBytes: 10,
      allowsDuplicateKeys: true, allowsLoneSurrogates: true)
    #expect(limits.maximumDepth == 128)
    #expect(refusal(of: String(repeating: "[", count: 129), limits: limits)?.code == .tooDeep)
  }

  @Test func `every value counts as a node and keys do not`() {
    let limits = JSONLimits.strict { $0.maximumNodes = 5 }
    #expect(refusal(of: #"[1,"a",null,{}]"#, limits: limits) == nil)
    #expect(refusal(of: #"{"a":1,"b":2,"c":{"d":3}}"#, limits: limits) == nil)
    let error = refusal(of: #"[1,"a",null,{},[]]"#, limits: limits)
    #expect(error?.code == .tooManyNodes)
    #expect(error?.offset == 15)
  }

  @Test func `keys are bounded in bytes as written`() {
    let limits = JSONLimits.strict { $0.maximumKeyBytes = 6 }
    #expect(refusal(of: #"{"abcdef":1,"ééé":2,"\u0061":3}"#, limits: limits) == nil)
    let error = refusal(of: #"{"abcdefg":1}"#, limits: limits)
    #expect(error?.code == .keyTooLong)
    #expect(error?.offset == 2)
    #expect(refusal(of: #"{"x\u0061":1}"#, limits: limits)?.code == .keyTooLong)
    #expect(refusal(of: #"["abcdefghijklm"]"#, limits: limits) == nil)
  }

  @Test(arguments: ["123456", "-12345", "1.2345", "1e+123", "-1e-12", "0.0000"])
  func `numbers are bounded in characters as written`(number: String) {
    let limits = JSONLimits.strict { $0.maximumNumberBytes = 6 }
    #expect(refusal(of: "[\(number)]", limits: limits) == nil)
    let error = refusal(of: "[\(number)0]", limits: limits)
    #expect(error?.code == .numberTooLong)
    #expect(error?.offset == 1)
  }

  @Test func `clients and plugins are held to the documented limits`() {
    let strict = JSONLimits.strict
    #expect(strict.maximumDepth == 128)
    #expect(strict.maximumNodes == 250_000)
    #expect(strict.maximumKeyBytes == 1024)
    #expect(strict.maximumNumberBytes == 64)
    #expect(!strict.allowsDuplicateKeys)
    #expect(!strict.allowsLoneSurrogates)
  }

  // A line of 16 MiB. That the reader stops at the limit and not at the end of the line shows in
  // the offset.
  static let lineBytes = 16 << 20

  @Test func `a line of empty objects is refused at the node limit`() throws {
    let pairs = String(repeating: "{},", count: Self.lineBytes / 3)
    let error = try #require(refusal(of: "[\(pairs){}]"))
    #expect(error.code == .tooManyNodes)
    #expect(error.offset == 1 + 3 * 249_999)
    #expect(refusal(of: pairs)?.offset == 2)
  }

  @Test func `a line of digits is refused at its start`() throws {
    let digits = String(repeating: "9", count: Self.lineBytes)
    let error = try #require(refusal(of: digits))
    #expect(error.code == .numberTooLong)
    #expect(error.offset == 0)
    #expect(refusal(of: "0." + digits)?.code == .numberTooLong)
    #expect(refusal(of: "1e" + digits, limits: .relayed)?.code == .numberTooLong)
  }

  @Test(arguments: ["[", #"{"a":"#, #"[{"a":"#])
  func `a line of nested containers is refused at the depth limit`(open: String) throws {
    let text = String(repeating: open, count: Self.lineBytes / open.utf8.count)
    let error = try #require(refusal(of: text))
    #expect(error.code == .tooDeep)
    #expect(error.offset <= 128 * open.utf8.count)
  }

  @Test func `a line of members with one key is refused at the node limit`() throws {
    let members = String(repeating: #""a":1,"#, count: Self.lineBytes / 6)
    let error = try #require(refusal(of: "{\(members)"))
    #expect(error.code == .tooManyNodes)
    #expect(error.offset < 1_500_007)
  }
}
