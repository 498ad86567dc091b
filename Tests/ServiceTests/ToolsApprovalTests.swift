import Configuration
import EventLoop
import JSON
import Plugins
import Service
import Testing
import TestSupport
import Wire

/// Who may let a tool run.
@Suite(.onLoop) struct ToolsApprovalTests {
  private func question(
    _ name: String = "push", arguments: String = #"{"a":1}"#, description: String = "Pushes.\nAll."
  ) throws -> ApprovalQuestion {
    let tool = try Tool(.tool(name, description), of: PluginConfiguration(name: "git"))
    let call = ToolCall(tool, callID: "call_1", arguments: try RawJSON(parsing: arguments))
    return ApprovalQuestion(call, request: .integer(7), responseID: "resp_1")
  }

  @Test(arguments: [
    (PluginConfiguration.Approval.allow, HalleyOptions.Approval?.none, "allow"),
    (.allow, .ask, "ask"), (.allow, .deny, "deny"), (.allow, .allow, "allow"),
    (.ask, nil, "ask"), (.ask, .allow, "ask"), (.ask, .deny, "deny"),
    (.deny, nil, "deny"), (.deny, .allow, "deny"), (.deny, .ask, "deny"),
  ])
  func `a request gets no more than the configuration allows`(
    _ configured: PluginConfiguration.Approval, _ wanted: HalleyOptions.Approval?,
    _ effective: String
  ) {
    #expect(configured.limited(by: wanted).rawValue == effective)
  }

  @Test @EventLoop func `what is allowed or denied by policy is not asked`() async throws {
    let approver = FakeApprover("deny")
    let approvals = Approvals(limit: .seconds(5)) { _, _ in }
    let allowed = await approvals.decide(try question(), policy: .allow, approver: approver)
    let denied = await approvals.decide(try question(), policy: .deny, approver: approver)
    #expect(allowed.isAllowed && allowed.ground == .policy)
    #expect(!denied.isAllowed && denied.ground == .policy)
    #expect(approver.questions.isEmpty)
  }

  @Test @EventLoop func `a client is asked with all it needs to decide`() async throws {
    let approver = FakeApprover("allow")
    let approvals = Approvals(limit: .seconds(5)) { _, _ in }
    let decision = await approvals.decide(try question(), policy: .ask, approver: approver)
    #expect(decision.isAllowed && decision.ground == .client)
    #expect(approver.limits == [.seconds(5)])
    #expect(
      approver.questions.map(\.text) == [
        #"{"request":7,"response_id":"resp_1","tool":"git.push","arguments":"{\"a\":1}","#
          + #""call_id":"call_1","title":"Pushes."}"#
      ])
  }

  @Test @EventLoop func `a client's no comes with its reason`() async throws {
    let approvals = Approvals(limit: .seconds(5)) { _, _ in }
    let decision = await approvals.decide(
      try question(), policy: .ask, approver: FakeApprover("deny", reason: "not\non \u{7}main"))
    #expect(!decision.isAllowed)
    #expect(decision.reason == "not on main")
    #expect(
      decision.denial == "The call of git.push was denied: the user denied it (not on main).")
  }

  @Test @EventLoop func `silence, no capability, a closed connection and nonsense mean no`()
    async throws
  {
    let approvals = Approvals(limit: .seconds(5)) { _, _ in }
    let cases: [(ClientAnswer, ApprovalDecision.Ground)] = [
      (.timedOut, .timeout), (.disconnected, .disconnected), (.cancelled, .cancelled),
      (.decision("yes"), .invalidAnswer), (.answered(.success(.null)), .invalidAnswer),
      (.answered(.success(.object { $0.member("decision", true) })), .invalidAnswer),
    ]
    for (answer, ground) in cases {
      let decision = await approvals.decide(
        try question(), policy: .ask, approver: FakeApprover { _ in answer })
      #expect(!decision.isAllowed && decision.ground == ground)
    }
    let mute = FakeApprover("allow")
    mute.canApprove = false
    let unasked = await approvals.decide(try question(), policy: .ask, approver: mute)
    #expect(!unasked.isAllowed && unasked.ground == .noCapability && mute.questions.isEmpty)
    let gone = await approvals.decide(try question(), policy: .ask, approver: nil)
    #expect(!gone.isAllowed && gone.ground == .disconnected)
  }

  @Test @EventLoop func `what is allowed for the session is not asked again on that connection`()
    async throws
  {
    let approvals = Approvals(limit: .seconds(5)) { _, _ in }
    let approver = FakeApprover("allow_session")
    let first = await approvals.decide(try question(), policy: .ask, approver: approver)
    let second = await approvals.decide(try question(), policy: .ask, approver: approver)
    #expect(first.ground == .client && second.ground == .session && second.isAllowed)
    #expect(approver.questions.count == 1)
    let denied = await approvals.decide(try question(), policy: .deny, approver: approver)
    #expect(!denied.isAllowed)
    _ = await approvals.decide(try question("pull"), policy: .ask, approver: approver)
    let changed = try question(description: "Pushes by force.")
    _ = await approvals.decide(changed, policy: .ask, approver: approver)
    #expect(approver.questions.count == 3)
    let other = FakeApprover("deny")
    let elsewhere = await approvals.decide(try question(), policy: .ask, approver: other)
    #expect(!elsewhere.isAllowed)
  }

  @Test @EventLoop func `an allowance holds for one call`() async throws {
    let approvals = Approvals(limit: .seconds(5)) { _, _ in }
    let approver = FakeApprover("allow")
    for _ in 0..<2 {
      _ = await approvals.decide(try question(), policy: .ask, approver: approver)
    }
    #expect(approver.questions.count == 2)
  }

  @Test @EventLoop func `questions come one at a time, and the session's answer serves the rest`()
    async throws
  {
    let approvals = Approvals(limit: .seconds(5)) { _, _ in }
    let gate = Promise<Void>()
    let approver = FakeApprover { _ in
      await gate.wait()
      return .decision("allow_session")
    }
    let questions = [try question(), try question(), try question()]
    var allowed = 0
    var tasks: [Task<Void, Never>] = []
    for question in questions {
      tasks.append(
        EventLoop.start {
          let decision = await approvals.decide(question, policy: .ask, approver: approver)
          if decision.isAllowed { allowed += 1 }
        })
    }
    EventLoop.start { gate.resolve(()) }
    for task in tasks { await task.value }
    #expect(allowed == 3)
    #expect(approver.questions.count == 1 && approver.mostAsking == 1)
  }

  @Test @EventLoop func `every decision is told of, once`() async throws {
    var said: [String] = []
    let approvals = Approvals(limit: .seconds(5)) { decision, question in
      let word = decision.isAllowed ? "allowed" : "denied"
      said.append("\(decision.tool) \(word) \(decision.ground.rawValue) \(question.callID ?? "-")")
    }
    _ = await approvals.decide(try question(), policy: .allow, approver: nil)
    _ = await approvals.decide(try question(), policy: .ask, approver: nil)
    #expect(said == ["git.push allowed policy call_1", "git.push denied disconnected call_1"])
  }

  // MARK: Requests to clients

  @Test @EventLoop func `answers find their requests, and late or strange ones are passed over`()
    async throws
  {
    let calls = ClientCalls()
    var answers: [String: String] = [:]
    var sent = 0
    var tasks: [Task<Void, Never>] = []
    for _ in 0..<3 {
      tasks.append(
        EventLoop.start {
          var id = ""
          let answer = await calls.perform(limit: .seconds(30)) {
            id = $0
            sent += 1
          }
          if case .answered(.success(let result)) = answer { answers[id] = result.text }
        })
    }
    while sent < 3 { await EventLoop.sleep(for: .milliseconds(1)) }
    for id in ["s:7", "s:3", "s:1", "s:2", "s:2"] {
      let id = try #require(RPCID(.string(id)))
      calls.receive(id, .success(id.json))
    }
    calls.receive(try #require(RPCID(.integer(1))), .success(.null))
    for task in tasks { await task.value }
    #expect(answers == ["s:1": #""s:1""#, "s:2": #""s:2""#, "s:3": #""s:3""#])
  }

  @Test @EventLoop func `who waits for a client is told of its end, of the time and of a cancel`()
    async throws
  {
    let calls = ClientCalls()
    func name(_ answer: ClientAnswer) -> String {
      switch answer {
      case .answered: "answered"
      case .timedOut: "late"
      case .disconnected: "gone"
      case .cancelled: "cancelled"
      }
    }
    #expect(name(await calls.perform(limit: .milliseconds(1)) { _ in }) == "late")
    var cancelled = ""
    let task = EventLoop.start {
      cancelled = name(await calls.perform(limit: .seconds(30)) { _ in })
    }
    EventLoop.start { task.cancel() }
    await task.value
    #expect(cancelled == "cancelled")
    #expect(name(await calls.perform(limit: .seconds(30)) { _ in calls.close() }) == "gone")
    #expect(name(await calls.perform(limit: .seconds(30)) { _ in }) == "gone")
  }
}
