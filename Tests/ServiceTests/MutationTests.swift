import EventLoop
import JSON
import Service
import Store
import Testing
import TestSupport
import Wire

/// What becomes of an answer that is wrong in one place: each member and element at any depth, with
/// each of twelve values that nobody expects, and without it.
@Suite struct MutationTests {
  /// Reads a value that is to be JSON, whose output is to hold nothing but items.
  private func expectSound(_ object: RawJSON, _ stream: [RawJSON]) throws {
    let read = try RawJSON(parsing: object.bytes, limits: .relayed)
    let isSound =
      read.kind == .object
      && (read["output"]?.elements ?? []).allSatisfy {
        $0.kind == .object
      }
    #expect(isSound, "\(object.text) of \(stream.last?.text ?? "")")
  }

  @Test func `what is put together of a stream that broke off has items alone`() throws {
    for stream in StreamSample.mutants(isCut: true) {
      var assembler = ResponseAssembler()
      for event in stream { assembler.add(try UpstreamEvent(data: event.bytes).bytes) }
      guard let partial = assembler.assemble(status: "cancelled") else { continue }
      try expectSound(partial, stream)
      #expect(partial["status"]?.string == "cancelled")
      _ = (UsageReader.tokens(of: partial), TokenEstimate.output(of: partial))
    }
  }

  @Test func `a final object is replayed, counted and given again whatever it holds`() throws {
    for object in Mutation.mutants(of: StreamSample.object) {
      _ = (UsageReader.tokens(of: object), TokenEstimate.output(of: object))
      let copies = [1_790_000_000, 9, -1, 99_999_999_999].map {
        AnswerTemplate(object, echoes: []).answer(at: $0)
      }
      let sequences = [ResponseReplay.events(of: object).map(\.bytes)] + copies.map(\.events)
      for sequence in sequences {
        let events = try sequence.map { try UpstreamEvent(data: $0) }
        #expect(events.first?.kind == .created)
        #expect(events.map(\.isTerminal).lastIndex(of: true) == events.count - 1)
        #expect(events.map(\.sequenceNumber) == (0..<Int64(events.count)).map { $0 })
      }
    }
  }
}

extension ResponseAssembler {
  fileprivate mutating func add(_ bytes: ArraySlice<UInt8>) { add(RawJSON(checked: bytes)) }
}

/// Responses that a crash interrupted, each with events that are wrong in one place.
@Suite(.onLoop) struct RecoveryMutationTests {
  @Test func `every interrupted response is ended at the start`() async throws {
    let scratch = try Scratch()
    let store = try Store.open(StoreConfiguration(directory: "\(scratch.path)/state"))
    let streams = StreamSample.mutants(isCut: true)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, stream) in streams.enumerated() {
        group.addTask { try await Self.begin(number, stream, store) }
      }
      try await group.waitForAll()
    }
    let resumable = try await ResponseRecovery.run(on: store, canResume: { _ in false }) {
      Issue.record("\($0)")
    }
    #expect(resumable.isEmpty)
    #expect(try await store.interruptedResponses().isEmpty)
    for number in streams.indices {
      let response = try await store.response("resp_\(number)", as: .user(1000))
      #expect(response.status == .incomplete)
      #expect(response.object?["status"]?.string == "incomplete")
      #expect(response.object?["output"]?.elements.allSatisfy { $0.kind == .object } == true)
      let last = try #require(try await store.events(of: response.handle, after: -1).last)
      #expect(try UpstreamEvent(data: last.bytes).kind == .incomplete)
    }
    try await store.close()
  }

  private static func begin(_ number: Int, _ events: [RawJSON], _ store: Store) async throws {
    let beginning = try await store.beginResponse(
      NewResponse(as: .user(1000), id: "resp_\(number)", input: []))
    guard case .started(let handle, _) = beginning else { return }
    try await store.appendEvents(events.map(\.bytes), from: 0, to: handle)
  }
}
