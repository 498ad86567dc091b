package import EventLoop
internal import JSON
package import Wire

/// The lines of a request that is answered over time: the events that its cursor comes to, our
/// questions about it, and its answer.
@EventLoop
package final class CursorLines {
  /// The request that it answers.
  package let id: RPCID
  package let cursor: any Cursor
  private let events: EventLines
  /// Requests to the client.
  private var questions: [OutputFrame] = []

  package init(_ cursor: any Cursor, answering id: RPCID) {
    self.id = id
    self.cursor = cursor
    let method =
      switch cursor.topic {
      case .response: "responses.event"
      case .conversation: "conversations.event"
      }
    events = EventLines(method, of: id)
  }

  /// Asks the client something about the response, behind the events that there are. When that has
  /// ended before, nobody waits for the answer and the question is not sent.
  func add(_ question: OutputFrame) {
    questions.append(question)
  }

  /// Appends the lines of events while they fit.
  func append(to chunk: inout [UInt8], limit: Int) {
    cursor.readEvents { events.append($0, to: &chunk, limit: limit) }
  }

  /// The next line; the answer comes last.
  func nextFrame() -> OutputFrame? {
    switch cursor.next() {
    case .event(let event)?:
      defer { cursor.advance() }
      return OutputFrame(events.pieces(event))
    case .end(let outcome)?: return .answer(id, outcome)
    case nil: return questions.isEmpty ? nil : questions.removeFirst()
    }
  }
}
