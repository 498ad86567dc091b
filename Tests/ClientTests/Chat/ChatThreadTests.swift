import Client
import JSON
import Testing

struct ChatThreadTests {
  private func request(_ thread: ChatThread, _ text: String = "hi") -> CreateRequest {
    var request = CreateRequest()
    request.text = text
    thread.apply(to: &request)
    return request
  }

  private func answer(
    _ id: String, status: String = "completed", previous: String? = nil
  ) throws -> RawJSON {
    let previous = previous.map { #""\#($0)""# } ?? "null"
    return try RawJSON(
      parsing: #"{"id":"\#(id)","status":"\#(status)","previous_response_id":\#(previous),"#
        + #""output":[{"type":"reasoning","id":"rs_1"},{"type":"message","id":"msg_\#(id)"}]}"#)
  }

  @Test func `a conversation holds what was said`() throws {
    var thread = ChatThread(conversation: nil, continuesScope: false, isStored: true)
    #expect(thread.needsConversation)
    thread.begin(in: "conv_1")
    thread.take(try answer("resp_1"), to: request(thread))
    let next = request(thread)
    #expect(next.conversation == "conv_1")
    #expect(next.previousResponseID == nil)
    #expect(next.earlierItems.isEmpty)
  }

  @Test func `a terminal's last response is gone on from, and come back to`() throws {
    var thread = ChatThread(conversation: nil, continuesScope: true, isStored: true)
    #expect(!thread.needsConversation)
    #expect(request(thread).continuesScope)
    #expect(!thread.canUndo)
    thread.take(try answer("resp_1", previous: "resp_0"), to: request(thread))
    #expect(request(thread).previousResponseID == "resp_1")
    #expect(!request(thread).continuesScope)
    thread.take(try answer("resp_2", previous: "resp_1"), to: request(thread))
    thread.undo()
    #expect(request(thread).previousResponseID == "resp_1")
    thread.undo()
    #expect(request(thread).previousResponseID == "resp_0")
    #expect(!thread.canUndo)
  }

  @Test func `a terminal's last conversation is gone on in`() throws {
    var thread = ChatThread(conversation: nil, continuesScope: true, isStored: true)
    let answer = try answer("resp_1").setting(
      "halley", to: RawJSON(parsing: #"{"conversation":{"id":"conv_1","name":"x"}}"#))
    let isTaken = thread.take(answer, to: request(thread))
    #expect(isTaken)
    #expect(thread.keepsConversation)
    #expect(request(thread).conversation == "conv_1")
    #expect(request(thread).previousResponseID == nil)
    #expect(!request(thread).continuesScope)
  }

  @Test(arguments: ["failed", "cancelled", "incomplete"])
  func `an answer that was cut off is gone on from if it says anything`(status: String) throws {
    for isStored in [true, false] {
      var thread = ChatThread(conversation: nil, continuesScope: true, isStored: isStored)
      thread.take(try answer("resp_0"), to: request(thread))
      let isSilentTaken = thread.take(
        try answer("resp_1", status: status), to: request(thread))
      #expect(!isSilentTaken)
      let output =
        #"[{"type":"message","content":[{"type":"output_text","text":"so far"}]}]"#
      let cut = try answer("resp_2", status: status).setting(
        "output", to: RawJSON(parsing: output))
      let isCutTaken = thread.take(cut, to: request(thread))
      #expect(isCutTaken)
      #expect(request(thread).previousResponseID == (isStored ? "resp_2" : nil))
      #expect(request(thread).earlierItems.isEmpty == isStored)
    }
  }

  @Test func `a terminal without a last response begins anew after undo`() throws {
    var thread = ChatThread(conversation: nil, continuesScope: true, isStored: true)
    thread.take(try answer("resp_1"), to: request(thread))
    thread.undo()
    #expect(request(thread).previousResponseID == nil)
    #expect(!request(thread).continuesScope)
  }

  @Test func `what the daemon may not keep is sent again each time`() throws {
    var thread = ChatThread(conversation: nil, continuesScope: false, isStored: false)
    #expect(!thread.needsConversation)
    thread.take(try answer("resp_1"), to: request(thread, "first"))
    let items = request(thread, "second").json["input"]?.elements ?? []
    #expect(items.map { $0["role"]?.string ?? $0["id"]?.string } == ["user", "msg_resp_1", "user"])
    #expect(items.first?["content"]?.elements.first?["text"]?.string == "first")
    thread.undo()
    #expect(request(thread, "again").json["input"]?.string == "again")
  }

  @Test func `a new beginning leaves everything behind`() throws {
    var thread = ChatThread(conversation: "a", continuesScope: false, isStored: true)
    thread.restart()
    #expect(thread.needsConversation)
  }
}
