import Client
import JSON

/// Runs a chat: a line in, an answer out, until the lines end.
final class ChatLoop {
  let call: AnswerCall
  let link: ChatLink
  /// What every message is asked with.
  var request: CreateRequest
  var thread: ChatThread
  /// What goes with the next message.
  var attachments: [Attachment] = []
  private let input: ChatInput
  /// What the command line puts around the first message.
  private var parts: PromptParts?
  private var status = ExitStatus.ok
  /// The conversation that was made for this chat, as long as there is nothing in it.
  private var emptyConversation: String?

  init(
    _ request: CreateRequest, _ call: AnswerCall, _ link: ChatLink, _ input: ChatInput,
    parts: PromptParts?
  ) {
    self.request = request
    self.call = call
    self.link = link
    self.input = input
    self.parts = parts
    thread = ChatThread(
      conversation: request.conversation, continuesScope: request.continuesScope,
      isStored: request.isStored)
    self.request.continuesScope = false
  }

  /// - Parameter words: the message that the command line brings, if it does.
  func run(first words: String) throws(Failure) {
    try greet()
    if !words.isEmpty { try attempt { () throws(Failure) in try send(words) } }
    while let line = try nextLine() {
      if line.allSatisfy(\.isWhitespace) { continue }
      var goesOn = true
      try attempt { () throws(Failure) in goesOn = try take(line) }
      if !goesOn { break }
    }
    try dropEmptyConversation()
    // Somebody at a terminal has seen what went wrong; a script has its status only.
    if !input.isInteractive, status != .ok { throw Failure(status, "") }
  }

  private func greet() throws(Failure) {
    guard input.isInteractive, call.options.showsNotes(call.output, call.notes) else { return }
    try note("/help says what a line can ask; Ctrl-D leaves.")
    let socket = link.socket
    input.offer(
      ChatOffers {
        let list = QuickCall(socket: socket).result("models.list", .emptyObject)
        return (list?["data"]?.elements ?? []).compactMap { $0["id"]?.string }
      })
    try showBeginning()
  }

  private func nextLine() throws(Failure) -> String? {
    while true {
      switch try input.next() {
      case .text(let text): return text
      case .end: return nil
      case .cancelled(let wasEmpty):
        if wasEmpty { try note("Ctrl-D or /quit leaves.") }
      }
    }
  }

  /// Does what may fail without ending the chat.
  private func attempt(_ body: () throws(Failure) -> Void) throws(Failure) {
    do throws(Failure) {
      try forgetInterrupts()
      try body()
    } catch {
      switch error.status {
      case .brokenPipe, .terminated: throw error
      case .interrupted: if error.result == nil { link.drop() }
      default:
        if error.remote == nil, error.status == .tryAgain || error.status == .noDaemon {
          link.drop()
        }
        try call.notes.write(error.text)
      }
      if error.status != .interrupted { status = error.status }
    }
  }

  /// A Ctrl-C that came when there was nothing to stop is not for what comes next.
  private func forgetInterrupts() throws(Failure) {
    while let status = call.interrupts.take() {
      if status != .interrupted { throw Failure(status, "") }
    }
  }

  /// False where the chat is to end.
  private func take(_ line: String) throws(Failure) -> Bool {
    guard let command = try ChatCommand(line) else {
      try send(ChatCommand.message(line))
      return true
    }
    guard command != .quit else { return false }
    try run(command)
    return true
  }

  func send(_ words: String) throws(Failure) {
    var message = request
    message.text = words
    try parts?.apply(to: &message, words: words)
    message.attachments += attachments
    let session = try link.session()
    try makeConversation(session)
    thread.apply(to: &message)
    var isAnswered = false
    defer { if isAnswered { (parts, attachments) = (nil, []) } }
    try call.run(session, "responses.create", message.json) { response in
      isAnswered = thread.take(response, to: message)
      if isAnswered { emptyConversation = nil }
    }
  }

  /// A chat without a name has a conversation all the same; it is made with its first message.
  private func makeConversation(_ session: Session) throws(Failure) {
    guard thread.needsConversation else { return }
    let conversation = try session.call("conversations.create", .emptyObject)
    guard let id = conversation["id"]?.string else { return }
    thread.begin(in: id)
    emptyConversation = id
  }

  /// A conversation in which nothing was answered, and that got no name, is of no use to anybody.
  private func dropEmptyConversation() throws(Failure) {
    guard let id = emptyConversation, id == thread.conversation else { return }
    try attempt { () throws(Failure) in
      _ = try link.session().call("conversations.delete", .object { $0.member("conversation", id) })
    }
  }

  func note(_ text: String) throws(Failure) {
    let text = TerminalText.safe(text)
    try call.notes.write((call.options.styles(call.notes) ? TerminalStyle.dim(text) : text) + "\n")
  }
}
