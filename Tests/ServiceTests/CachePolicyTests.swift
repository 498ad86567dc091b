import JSON
import Service
import Testing
import Wire

@Suite struct CachePolicyTests {
  private typealias Option = HalleyOptions.Cache

  private func policy(
    _ option: HalleyOptions.Cache = .default, _ body: String = "{}",
    _ change: (inout CachePolicy.Circumstances) -> Void = { _ in }
  ) throws -> CachePolicy {
    var circumstances = CachePolicy.Circumstances()
    change(&circumstances)
    return CachePolicy(option, body: try RawJSON(parsing: body), circumstances)
  }

  private func response(_ output: String, status: String = "completed") throws -> RawJSON {
    try RawJSON(parsing: #"{"status":"\#(status)","output":\#(output)}"#)
  }

  @Test func `a plain request is read, joined and written`() throws {
    let policy = try policy()
    #expect(policy.reads && policy.joins && !policy.mustHit)
    #expect(policy.writing == .onDisk && policy.obstacle == nil)
  }

  @Test func `each option does what its name says`() throws {
    let refresh = try policy(.refresh)
    #expect(!refresh.reads && !refresh.joins && refresh.writing == .onDisk)
    let only = try policy(.only)
    #expect(only.reads && only.mustHit && !only.joins)
    let off = try policy(.off)
    #expect(!off.reads && !off.joins && !off.mustHit && off.writing == .nothing)
  }

  @Test(arguments: [
    #"{"tools":[{"type":"web_search"}]}"#, #"{"tools":[{"type":"web_search_preview_2025_03_11"}]}"#,
    #"{"tools":[{"type":"function"},{"type":"code_interpreter"}]}"#, #"{"tools":[{"type":"mcp"}]}"#,
    #"{"tools":[{"type":"computer_use_preview"}]}"#, #"{"tools":[{"type":"image_generation"}]}"#,
    #"{"tools":[{"type":"file_search"}]}"#, #"{"tools":[{"type":"not_known_yet"}]}"#,
  ])
  func `a hosted tool keeps a request out of the cache, unless it asks`(body: String) throws {
    let plain = try policy(.default, body)
    #expect(!plain.reads && !plain.joins && plain.writing == .nothing)
    #expect(plain.obstacle != nil)
    #expect(try policy(.refresh, body).writing == .onDisk)
    #expect(try policy(.only, body).reads)
  }

  @Test func `tools that the client runs are no obstacle`() throws {
    let policy = try policy(
      .default, #"{"tools":[{"type":"function","name":"f"},{"type":"custom","name":"c"}]}"#)
    #expect(policy.reads && policy.writing == .onDisk)
  }

  @Test(arguments: [("0", true), ("0.0", true), ("null", true), ("0.1", false), ("1", false)])
  func `a temperature above zero asks for variety`(temperature: String, isRead: Bool) throws {
    let body = #"{"temperature":\#(temperature)}"#
    let plain = try policy(.default, body)
    #expect(plain.reads == isRead && plain.joins == isRead && (plain.obstacle == nil) == isRead)
    #expect(plain.writing == .onDisk)
    #expect(try policy(.only, body).reads)
  }

  @Test func `a background response is cached only when it asks`() throws {
    #expect(try policy(.default, "{}") { $0.isBackground = true }.writing == .nothing)
    #expect(try !policy(.default, "{}") { $0.isBackground = true }.reads)
    #expect(try policy(.refresh, "{}") { $0.isBackground = true }.writing == .onDisk)
  }

  @Test func `what keeps no text on disk is cached in memory`() throws {
    let policy = try policy(.default, "{}") { $0.isStored = false }
    #expect(policy.reads && policy.writing == .inMemory)
  }

  @Test(arguments: HalleyOptions.Cache.allCases)
  func `a disabled cache rules everything out`(option: HalleyOptions.Cache) throws {
    let policy = try policy(option, "{}") { $0.isEnabled = false }
    #expect(!policy.reads && !policy.joins && policy.writing == .nothing)
    #expect(policy.mustHit == (option == .only))
  }

  @Test(arguments: HalleyOptions.Cache.allCases)
  func `what is for the upstream's cache goes past this one`(option: HalleyOptions.Cache) throws {
    for options in [#"{"prewarm":true}"#, #"{"comparison_response_id":"resp_1"}"#] {
      let policy = try policy(option, #"{"prompt_cache_options":\#(options)}"#)
      #expect(!policy.reads && !policy.joins && policy.writing == .nothing)
      #expect(policy.obstacle != nil)
    }
    for options in [#"{"prewarm":false}"#, #"{"prewarm":null,"mode":"implicit"}"#, "{}", "null"] {
      let body = #"{"prompt_cache_options":\#(options)}"#
      #expect(try policy(option, body) == policy(option))
    }
  }

  @Test func `off and refresh are told as why nothing is read`() throws {
    #expect(try policy(.off).obstacle?.contains("off") == true)
    #expect(try policy(.refresh).obstacle?.contains("refresh") == true)
  }

  // MARK: Answers

  @Test(arguments: ["incomplete", "failed", "cancelled", "in_progress"])
  func `only a completed answer is kept`(status: String) throws {
    #expect(try !policy().mayKeep(response("[]", status: status), toolCalls: 0))
    #expect(try !policy(.refresh).mayKeep(response("[]", status: status), toolCalls: 0))
    #expect(try policy().mayKeep(response(Self.said), toolCalls: 0))
  }

  private static let said = #"[{"type":"message","content":[{"type":"output_text","text":"x"}]}]"#

  @Test(arguments: [
    "[]", #"[{"type":"reasoning","summary":[]}]"#, #"[{"type":"message","content":[]}]"#,
    #"[{"type":"message","content":[{"type":"output_text","text":""}]}]"#, "null", "{}",
  ])
  func `an answer that says nothing is never kept`(output: String) throws {
    #expect(try !policy().mayKeep(response(output), toolCalls: 0))
    #expect(try !policy(.refresh).mayKeep(response(output), toolCalls: 0))
  }

  @Test(arguments: [
    "web_search_call", "code_interpreter_call", "mcp_call", "mcp_list_tools",
    "mcp_approval_request",
    "image_generation_call", "file_search_call", "computer_call", "local_shell_call_output",
  ])
  func `an answer that an upstream's tool helped with is kept only when asked`(type: String)
    throws
  {
    let answer = try response(#"[{"type":"message"},{"type":"\#(type)"}]"#)
    #expect(try !policy().mayKeep(answer, toolCalls: 0))
    #expect(try policy(.refresh).mayKeep(answer, toolCalls: 0))
  }

  @Test func `calls for the client are kept, calls that the daemon made are not`() throws {
    let answer = try response(#"[{"type":"function_call"},{"type":"custom_tool_call"}]"#)
    #expect(try policy().mayKeep(answer, toolCalls: 0))
    #expect(try !policy().mayKeep(answer, toolCalls: 1))
    #expect(try policy(.refresh).mayKeep(answer, toolCalls: 1))
    #expect(try !policy(.off).mayKeep(answer, toolCalls: 0))
  }
}
