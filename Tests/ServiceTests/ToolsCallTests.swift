import Configuration
import EventLoop
import JSON
import Plugins
import Testing
import TestSupport
import Wire

/// What becomes of a model's call.
@Suite(.onLoop) struct ToolsCallTests {
  /// A tool `demo.add` that takes a number, and a note of what stood in between.
  @EventLoop
  private final class Stage {
    let place: ToolsPlace
    let server = FakeServer()
    let tool: Tool
    var steps: [String] = []
    var replacement: RawJSON?
    var refusal: RPCError?
    var recordingError: RPCError?
    var approval: HalleyOptions.Approval?
    var approver: FakeApprover?

    init(_ change: (inout PluginConfiguration) -> Void = { _ in }) async throws {
      place = try ToolsPlace()
      server.speakHandshake()
      server.list([
        try .tool(
          "add",
          schema: #"{"type":"object","properties":{"a":{"type":"number"}},"required":["a"]}"#)
      ])
      server.answers["tools/call"] = { params in
        .object {
          $0.key("content")
          $0.array {
            $0.object {
              $0.member("type", "text")
              $0.member("text", params["arguments"]?.text ?? "")
            }
          }
        }
      }
      place.tools.update([ToolsPlace.plugin(server, change)])
      let offered = try await place.tools.offered(["*"], to: ToolsPlace.requester())
      tool = try #require(offered.owner(of: "demo__add"))
    }

    func call(
      _ arguments: String, maximumBytes: Int = 1000, timeLeft: Duration = .seconds(60)
    ) async throws(CancellationError) -> ToolOutcome {
      let context = ToolCallContext(
        requester: ToolsPlace.requester(approver, approval: approval), responseID: "resp_1",
        maximumOutputBytes: maximumBytes, timeLeft: timeLeft,
        hook: { call async throws(RPCError) in try await self.hook(call) },
        willRun: { call async throws(RPCError) in try await self.record(call) })
      return try await place.tools.call(tool, arguments, callID: "call_1", context)
    }

    private func hook(_ call: ToolCall) async throws(RPCError) -> RawJSON {
      steps.append("hook \(call.arguments.text)")
      if let refusal { throw refusal }
      return replacement ?? call.arguments
    }

    private func record(_ call: ToolCall) async throws(RPCError) {
      steps.append("record \(call.arguments.text)")
      if let recordingError { throw recordingError }
    }

    var ran: Bool { server.methods.contains("tools/call") }
  }

  @Test @EventLoop func `a call is hooked, recorded and made, and its text handed on`() async throws
  {
    let stage = try await Stage()
    let outcome = try await stage.call(#"{"a":1.50}"#)
    #expect(outcome.ending == .succeeded)
    #expect(outcome.output.string == #"{"a":1.50}"#)
    #expect(stage.steps == [#"hook {"a":1.50}"#, #"record {"a":1.50}"#])
    #expect(stage.server.params(of: "tools/call")?["name"]?.string == "add")
    #expect(stage.place.decisions.map(\.ground) == [.policy])
  }

  @Test(arguments: [
    ("null", "the server's answer is null, an object"),
    ("5", "the server's answer is 5, an object"),
    (#""done""#, "the server's answer is a text, an object"),
    ("[]", "the server's answer is [], an object"),
    ("{}", #""content" of the server's answer is missing, an array"#),
    (#"{"isError":false,"content":null}"#, "is null, an array"),
    (#"{"content":"secret","structuredContent":{}}"#, "is a text, an array"),
    (#"{"content":{"type":"text","text":"secret"}}"#, "is an object, an array"),
    (#"{"content":[],"isError":"no"}"#, #""isError" of the server's answer is a text, true or"#),
    (#"{"content":["secret"]}"#, #""content[0]" of the server's answer is a text, an object"#),
    (#"{"content":[{"type":"text","text":"a"},{}]}"#, #""content[1].type""#),
    (#"{"content":[{"type":5}]}"#, "is 5, a text"),
    (#"{"content":[{"type":"text"}]}"#, #""content[0].text" of the server's answer is missing"#),
    (#"{"content":[{"type":"text","text":["secret"]}]}"#, "is an array, a text"),
    (#"{"content":[{"type":"image","data":{}}]}"#, "is {}, a text"),
    (#"{"content":[{"type":"resource","resource":"secret"}]}"#, "is a text, an object"),
    (#"{"content":[{"type":"resource_link"}]}"#, "is missing, a text"),
  ])
  @EventLoop func `what is no result is no success, and everybody is told`(
    _ result: String, _ why: String
  ) async throws {
    let stage = try await Stage()
    let result = try RawJSON(parsing: result)
    stage.server.answers["tools/call"] = { _ in result }
    let outcome = try await stage.call(#"{"a":1}"#)
    guard case .failed(let error) = outcome.ending, error.code == .protocolViolation else {
      Issue.record("\(outcome.ending)")
      return
    }
    let told = try #require(outcome.output.string)
    #expect(told.hasPrefix("The tool gave no result: plugin demo"))
    #expect(told.contains(why) && told.contains("was expected"), "\(told)")
    #expect(stage.place.problems == ["demo: A call of demo.add gave no result: \(error)"])
    #expect(!told.contains("secret"))
  }

  @Test @EventLoop func `arguments that do not fit never reach hook or tool`() async throws {
    let stage = try await Stage()
    let outcome = try await stage.call(#"{"a":"x"}"#)
    guard case .invalidArguments = outcome.ending else {
      Issue.record("\(outcome.ending)")
      return
    }
    #expect(outcome.output.string?.contains(#"$.a: found "x", expected a number"#) == true)
    #expect(stage.steps.isEmpty && !stage.ran)
  }

  @Test @EventLoop func `what a hook puts in their place is checked, approved and used`()
    async throws
  {
    let stage = try await Stage { $0.approval = .ask }
    let approver = FakeApprover("allow")
    stage.approver = approver
    stage.replacement = try RawJSON(parsing: #"{"a":2}"#)
    let outcome = try await stage.call(#"{"a":1}"#)
    #expect(outcome.output.string == #"{"a":2}"#)
    #expect(approver.questions.first?["arguments"]?.string == #"{"a":2}"#)
    stage.replacement = .emptyObject
    guard case .invalidArguments = try await stage.call(#"{"a":1}"#).ending else {
      Issue.record("arguments of a hook were not checked")
      return
    }
    #expect(stage.server.methods.filter { $0 == "tools/call" }.count == 1)
  }

  @Test @EventLoop func `a hook's refusal is told to the model`() async throws {
    let stage = try await Stage()
    stage.refusal = RPCError(.hookDenied, "plugin guard denied it: not today")
    let outcome = try await stage.call(#"{"a":1}"#)
    #expect(
      outcome.output.string == "The tool was not called: plugin guard denied it: not today.")
    #expect(!stage.ran && stage.place.decisions.isEmpty)
  }

  @Test @EventLoop func `without approval a tool does not run, and the model is told why`()
    async throws
  {
    let stage = try await Stage { $0.approval = .ask }
    let unasked = try await stage.call(#"{"a":1}"#)
    #expect(unasked.output.string?.hasPrefix("The call of demo.add was denied: ") == true)
    stage.approver = FakeApprover("deny", reason: "no")
    let approver = stage.approver
    let denied = try await stage.call(#"{"a":1}"#)
    #expect(
      denied.output.string == "The call of demo.add was denied: the user denied it (no).")
    #expect(!stage.ran)
    #expect(!stage.steps.contains { $0.hasPrefix("record") })
    #expect(approver?.questions.count == 1)
  }

  @Test @EventLoop func `a request that is stricter than the configuration has its way`()
    async throws
  {
    let stage = try await Stage()
    stage.approval = .deny
    let outcome = try await stage.call(#"{"a":1}"#)
    #expect(outcome.output.string?.contains("are not allowed here") == true)
    #expect(!stage.ran)
  }

  @Test @EventLoop func `a call that can't be recorded is not made`() async throws {
    let stage = try await Stage()
    stage.recordingError = RPCError(.storageFull, "the disk is full")
    let outcome = try await stage.call(#"{"a":1}"#)
    #expect(outcome.ending == .notRecorded("the disk is full"))
    #expect(!stage.ran)
  }

  @Test(arguments: [
    (PluginError.Code.timedOut, true), (.died, true), (.protocolViolation, true),
    (.unavailable, false), (.remote(-32602), false),
  ])
  @EventLoop func `a tool that gives no result is told of, and whether it may have done something`(
    _ code: PluginError.Code, _ isUnknown: Bool
  ) async throws {
    let stage = try await Stage()
    stage.server.refuse("tools/call", code)
    let outcome = try await stage.call(#"{"a":1}"#)
    let output = try #require(outcome.output.string)
    #expect(output.hasPrefix("The tool gave no result: plugin demo did not do it."))
    #expect(output.hasSuffix("is not known.") == isUnknown)
  }

  @Test @EventLoop func `the nearest of all limits holds for a call`() async throws {
    let stage = try await Stage { $0.toolTimeout = .seconds(9) }
    _ = try await stage.call(#"{"a":1}"#)
    #expect(stage.server.requests.last?.limit == .seconds(9))
    _ = try await stage.call(#"{"a":1}"#, timeLeft: .seconds(2))
    #expect(stage.server.requests.last?.limit == .seconds(2))
  }

  @Test @EventLoop func `a plugin that is gone is told of`() async throws {
    let stage = try await Stage()
    stage.place.tools.update([ToolPlugin]())
    let outcome = try await stage.call(#"{"a":1}"#)
    #expect(outcome.output.string?.contains("is not configured any more") == true)
  }

  @Test @EventLoop func `a cancelled call throws, and tells the server`() async throws {
    let stage = try await Stage()
    let gate = Promise<Void>()
    stage.server.refuse("tools/call", .unavailable)
    stage.server.gates["tools/call"] = gate
    var isCancelled = false
    let task = EventLoop.start {
      do throws(CancellationError) {
        _ = try await stage.call(#"{"a":1}"#)
      } catch {
        isCancelled = true
      }
    }
    await stage.server.wait(for: "tools/call")
    task.cancel()
    gate.resolve(())
    await task.value
    #expect(isCancelled)
    #expect(stage.server.notifications.last?.method == "notifications/cancelled")
  }
}
