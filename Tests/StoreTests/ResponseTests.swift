import JSON
import Testing

import Store

@Suite struct ResponseTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws {
    temporary = try TemporaryStore()
  }

  @Test func `a response is there again after the store was closed and opened`() async throws {
    let id = try await temporary.store.say("a question", "an answer")
    let store = try await temporary.reopened()
    let response = try await store.response(id, as: .user(1000))
    #expect(response.status == .completed)
    #expect(response.object == object(id, [answer("an answer")]))
    #expect(try await store.texts(ofResponse: id) == ["a question", "an answer"])
  }

  @Test func `items come back with the bytes they came with`() async throws {
    let odd = try RawJSON(parsing: #"{"role":"user" , "content":"\u0061\/","n":1.50e+1,"x":null}"#)
    let handle = try await store.start(NewResponse(as: .user(1), id: "resp_odd", input: [odd]))
    _ = try await store.finishResponse(handle, .completed)
    #expect(
      try await store.context(ofResponse: "resp_odd", as: .user(1)).items.map(\.json) == [odd])
  }

  @Test func `another user's response is answered as an absent one`() async throws {
    let id = try await store.say("mine", "mine", as: .user(1000))
    for foreign in [id, "resp_absent"] {
      let refusals = [
        try await refusal { _ = try await store.response(foreign, as: .user(1001)) },
        try await refusal { try await store.deleteResponse(foreign, as: .user(1001)) },
        try await refusal { _ = try await store.context(ofResponse: foreign, as: .user(1001)) },
        try await refusal {
          _ = try await store.inputItems(ofResponse: foreign, as: .user(1001), PageRequest())
        },
        try await refusal {
          let child = NewResponse(as: .user(1001), parent: .response(foreign), input: [])
          _ = try await store.beginResponse(child)
        },
      ]
      #expect(Set(refusals) == ["find the response: no response \"\(foreign)\""])
    }
    #expect(try await store.response(id, as: .user(1000)).status == .completed)
  }

  @Test func `two users may have responses of one id`() async throws {
    let first = try await store.start(NewResponse(as: .user(1), id: "resp_same", input: []))
    let second = try await store.start(NewResponse(as: .user(2), id: "resp_same", input: []))
    _ = try await store.finishResponse(first, .completed)
    #expect(try await store.response("resp_same", as: .user(1)).status == .completed)
    #expect(try await store.response("resp_same", as: .user(2)).status == .inProgress)
    _ = try await store.finishResponse(second, .completed)
  }

  @Test func `an id is given once to a user`() async throws {
    _ = try await store.start(NewResponse(as: .user(1), id: "resp_a", input: []))
    let code = try await code {
      _ = try await store.start(NewResponse(as: .user(1), id: "resp_a", input: []))
    }
    #expect(code == .conflict)
  }

  @Test func `the upstream's id is adopted unless another response has it`() async throws {
    let first = try await store.start(NewResponse(as: .user(1), input: []))
    let second = try await store.start(NewResponse(as: .user(1), id: "resp_minted", input: []))
    #expect(try await store.adoptID("resp_upstream", for: first) == "resp_upstream")
    #expect(try await store.adoptID("resp_upstream", for: second) == "resp_minted")
    _ = try await store.finishResponse(second, .completed)
    #expect(try await store.response("resp_minted", as: .user(1)).upstreamID == nil)
  }

  @Test func `a response that was not to be stored leaves no text and is not found`() async throws {
    var response = NewResponse(as: .user(1), id: "resp_gone", input: [message("canary one")])
    response.isStored = false
    response.instructions = .string("canary two")
    let handle = try await store.start(response)
    try await store.appendEvents([Array("canary three".utf8)[...]], from: 0, to: handle)
    var update = ResponseUpdate()
    update.object = .string("canary four")
    try await store.updateResponse(handle, update)
    _ = try await store.finishResponse(
      handle,
      ResponseEnding(
        status: .completed, object: .string("canary five"), output: [answer("canary six")],
        error: .string("canary seven"), continuesConversation: true))
    #expect(try await code { _ = try await store.response("resp_gone", as: .user(1)) } == .notFound)
    try await store.close()
    #expect(try contents(of: "\(temporary.directory)/state/halley.db").offset(of: "canary") == nil)
  }

  @Test func `a response ends once`() async throws {
    let handle = try await store.start(NewResponse(as: .user(1), input: []))
    _ = try await store.finishResponse(handle, .completed)
    let code = try await code { _ = try await store.finishResponse(handle, .completed) }
    #expect(code == .conflict)
  }

  @Test func `a handle of a deleted response meets no other one`() async throws {
    let handle = try await store.start(NewResponse(as: .user(1), id: "resp_a", input: []))
    try await store.deleteResponse("resp_a", as: .user(1))
    _ = try await store.start(NewResponse(as: .user(1), id: "resp_b", input: []))
    #expect(try await code { _ = try await store.finishResponse(handle, .completed) } == .notFound)
    #expect(try await store.response("resp_b", as: .user(1)).status == .inProgress)
  }

  @Test func `what is known of a running response can be changed`() async throws {
    var new = NewResponse(as: .user(1), id: "resp_a", input: [])
    new.isBackground = true
    new.status = .queued
    let handle = try await store.start(new)
    var update = ResponseUpdate()
    update.status = .inProgress
    update.upstream = "second"
    update.object = .string("latest")
    try await store.updateResponse(handle, update)
    let response = try await store.response("resp_a", as: .user(1))
    #expect(response.status == .inProgress)
    #expect(response.upstream == "second")
    #expect(response.object == .string("latest"))
    #expect(response.isBackground)
  }

  @Test func `responses that were running are found after a start`() async throws {
    let running = try await temporary.store.start(
      NewResponse(as: .user(1), id: "resp_a", input: []))
    try await temporary.store.appendEvents([[1, 2], []], from: 0, to: running)
    try await temporary.store.say("done", "done")
    let store = try await temporary.reopened()
    let found = try await store.interruptedResponses().map { try $0.get() }
    #expect(found.map(\.id) == ["resp_a"])
    let handle = try #require(found.first?.handle)
    let events = try await store.events(of: handle, after: -1)
    #expect(events.map(\.bytes) == [[1, 2], []])
    _ = try await store.finishResponse(handle, .completed)
    #expect(try await store.interruptedResponses().isEmpty)
  }

  // MARK: Idempotency

  @Test func `the same key and body find the response that was made`() async throws {
    var response = NewResponse(as: .user(1), id: "resp_a", input: [])
    response.idempotency = .init(key: "k", bodyHash: [1])
    _ = try await store.start(response)
    response.id = "resp_b"
    guard case .existing(let existing) = try await store.beginResponse(response) else {
      throw TestFailure("a second response was begun")
    }
    #expect(existing.id == "resp_a")
  }

  @Test func `the same key with another body is refused`() async throws {
    var response = NewResponse(as: .user(1), input: [])
    response.idempotency = .init(key: "k", bodyHash: [1])
    _ = try await store.start(response)
    response.id = StoreID.response()
    response.idempotency = .init(key: "k", bodyHash: [2])
    let refused = response
    #expect(try await code { _ = try await store.beginResponse(refused) } == .conflict)
  }

  @Test func `another user's key means nothing`() async throws {
    for user: UInt32 in [1, 2] {
      var response = NewResponse(as: .user(user), input: [])
      response.idempotency = .init(key: "k", bodyHash: [UInt8(user)])
      _ = try await store.start(response)
    }
  }

  @Test func `a key is forgotten after a day`() async throws {
    var response = NewResponse(as: .user(1), input: [])
    response.idempotency = .init(key: "k", bodyHash: [1])
    _ = try await temporary.store.start(response)
    temporary.clock.advance(by: 24 * 3600 * 1000)
    response.id = StoreID.response()
    response.idempotency = .init(key: "k", bodyHash: [2])
    _ = try await temporary.store.start(response)
  }

  // MARK: Scopes

  @Test func `a key is remembered for as long as the create says`() async throws {
    var response = NewResponse(as: .user(1), input: [])
    response.idempotency = .init(key: "k", bodyHash: [1])
    _ = try await store.start(response)
    temporary.clock.advance(by: 5000)
    response = NewResponse(as: .user(1), input: [])
    response.idempotency = .init(key: "k", bodyHash: [2])
    response.idempotencyLifetime = 5001
    #expect(try await code { _ = try await store.start(response) } == .conflict)
    response.idempotencyLifetime = 5000
    _ = try await store.start(response)
  }

  @Test func `the id that was told goes with each write, whatever became of its own`() async throws
  {
    let handle = try await store.start(NewResponse(as: .user(1), id: "resp_own", input: []))
    var told = ResponseUpdate()
    told.id = "resp_told"
    try await store.appendEvents([Array("{}".utf8)[...]], from: 0, to: handle, after: told)
    #expect(try await store.response("resp_told", as: .user(1)).status == .inProgress)
    #expect(try await code { _ = try await store.response("resp_own", as: .user(1)) } == .notFound)
    _ = try await store.start(NewResponse(as: .user(1), id: "resp_taken", input: []))
    told.id = "resp_taken"
    let code = try await code {
      _ = try await store.finishResponse(
        handle,
        ResponseEnding(status: .completed, object: nil, output: [], continuesConversation: false),
        after: told, events: [], from: 1)
    }
    #expect(code == .failed)
  }

  @Test func `a scope leads to its last response that ended well`() async throws {
    #expect(try await store.lastResponse(ofScope: "tty", as: .user(1000)) == nil)
    let first = try await store.say("1", "1", scope: "tty")
    #expect(try await store.lastResponse(ofScope: "tty", as: .user(1000)) == first)
    let second = try await store.say("2", "2", after: .response(first), scope: "tty")
    #expect(try await store.lastResponse(ofScope: "tty", as: .user(1000)) == second)
    #expect(try await store.lastResponse(ofScope: "tty", as: .user(1001)) == nil)
    var failing = NewResponse(as: .user(1000), input: [])
    failing.scope = "tty"
    let handle = try await store.start(failing)
    _ = try await store.finishResponse(
      handle,
      ResponseEnding(status: .failed, object: nil, output: [], continuesConversation: false))
    #expect(try await store.lastResponse(ofScope: "tty", as: .user(1000)) == second)
  }
}

extension ResponseEnding {
  /// An end without output.
  static var completed: ResponseEnding {
    ResponseEnding(status: .completed, object: nil, output: [], continuesConversation: true)
  }
}
