import Client
import JSON
import Wire

extension ChatLoop {
  /// Does what a line that begins with a slash asks for.
  func run(_ command: ChatCommand) throws(Failure) {
    switch command {
    case .model(let name): try changeModel(name)
    case .attach(let argument): try attach(argument.map(ChatOffers.expanded))
    case .edit(let text): try edit(text)
    case .tools(let globs): try changeTools(globs)
    case .undo: try undo()
    case .fork(let name): try fork(name)
    case .save(let target): try save(target)
    case .new:
      thread.restart()
      try note("a new conversation")
    case .help: try call.notes.write(ChatCommand.overview)
    case .quit: break
    }
  }

  private func changeModel(_ name: String?) throws(Failure) {
    guard let name else {
      let usual = QuickCall(socket: link.socket).result("daemon.status", .emptyObject)?[
        "configuration"]?["default_model"]?.string
      return try note("the model is \(request.model ?? usual ?? "the configured one")")
    }
    request.model = name
    let names = ModelAdvice.names(try link.session())
    guard !names.isEmpty, !names.contains(name) else { return try note("the model is \(name)") }
    let near = closest(to: name, among: names).map { "; did you mean \($0)?" } ?? ""
    try note("the model is \(name), which no upstream lists\(near)")
  }

  private func edit(_ text: String?) throws(Failure) {
    let words = try TextEditor.text(beginningWith: text ?? "")
    guard !words.isEmpty else { return try note("nothing was written, and nothing is sent") }
    try note(TerminalText.cut(words.replacing("\n", with: " "), to: 60))
    try send(words)
  }

  /// Shows the last turns of what the chat goes on from.
  func showBeginning() throws(Failure) {
    let quick = QuickCall(socket: link.socket)
    var conversation = thread.conversation
    if thread.continuesScope {
      let last = quick.result(
        "responses.list",
        .object {
          $0.member("scope", TerminalScope.current)
          $0.member("limit", 1)
        })?["data"]?.elements.first
      conversation = last?["conversation"]?["id"]?.string
      if conversation == nil, let title = last?["title"]?.string {
        return try note("goes on with “\(title)”")
      }
    }
    guard let conversation else { return }
    let items = quick.result(
      "conversations.items.list",
      .object {
        $0.member("conversation", conversation)
        $0.member("limit", 8)
      })?["data"]?.elements
    for item in (items ?? []).filter({ $0["type"]?.string == "message" }).prefix(4).reversed() {
      try note("\(item["role"]?.string ?? "?"): \(Transcript.excerpt(item, columns: 200))")
    }
  }

  private func attach(_ argument: String?) throws(Failure) {
    if let argument { attachments.append(try Attachment(argument: argument, link.inputLimit)) }
    let names = attachments.map(\.name).joined(separator: ", ")
    try note(names.isEmpty ? "nothing is attached" : "goes with the next message: \(names)")
  }

  private func changeTools(_ globs: [String]?) throws(Failure) {
    if let globs {
      request.tools = globs
      return try note(
        globs.isEmpty ? "no tools are offered" : "offered: \(globs.joined(separator: ", "))")
    }
    let list = ToolList(try link.session().call("tools.list", .emptyObject))
    for failure in list.failures { try note(failure) }
    try call.notes.write(list.isEmpty ? "the daemon has no tools\n" : list.lines)
    if !request.tools.isEmpty {
      try note("offered: \(request.tools.joined(separator: ", "))")
    }
  }

  // MARK: Undo

  private func undo() throws(Failure) {
    guard thread.keepsConversation else {
      guard thread.canUndo else { throw Self.nothingToUndo }
      thread.undo()
      return try note("took the last message back")
    }
    guard let conversation = thread.conversation else { throw Self.nothingToUndo }
    let session = try link.session()
    let turn = try lastTurn(of: conversation, session)
    guard let question = turn.last else { throw Self.nothingToUndo }
    for item in turn {
      guard let id = item["id"]?.string else { continue }
      _ = try session.call(
        "conversations.items.delete",
        .object { params in
          params.member("conversation", conversation)
          params.member("item_id", id)
        })
    }
    try note("took back: \(Transcript.excerpt(question))")
  }

  private static var nothingToUndo: Failure { .usage("there is no message to take back") }

  /// The items from the last message of a user on, newest first.
  private func lastTurn(
    of conversation: String, _ session: Session
  ) throws(Failure) -> [RawJSON] {
    var turn: [RawJSON] = []
    var last: String?
    repeat {
      let page = try session.call(
        "conversations.items.list",
        .object { params in
          params.member("conversation", conversation)
          params.member("limit", 100)
          if let last { params.member("after", last) }
        })
      for item in page["data"]?.elements ?? [] {
        turn.append(item)
        if item["role"]?.string == "user" { return turn }
      }
      last = page["has_more"]?.boolean == true ? page["last_id"]?.string : nil
    } while last != nil
    return []
  }

  // MARK: Conversations and files

  private func fork(_ name: String?) throws(Failure) {
    guard let conversation = thread.conversation, thread.keepsConversation else {
      throw .usage(
        "there is no conversation to fork yet",
        advice: thread.keepsConversation ? nil : "a chat with -c or -n has none; begin with -C NAME"
      )
    }
    let fork = try link.session().call(
      "conversations.fork",
      .object { params in
        params.member("conversation", conversation)
        if let name { params.member("name", name) }
      })
    guard let id = fork["name"]?.string ?? fork["id"]?.string else { return }
    thread.begin(in: id)
    try note("goes on in \(id); the original stays as it is")
  }

  private func save(_ target: String) throws(Failure) {
    if let file = ChatFile(target) {
      try file.write(items())
      return try note("written to \(file.path)")
    }
    guard thread.keepsConversation else {
      throw .usage(
        "a chat with -c or -n has no conversation that could get a name",
        advice: "/save FILE.md writes what was said to a file")
    }
    let session = try link.session()
    let conversation = try thread.conversation.map { (reference) throws(Failure) in
      try session.call(
        "conversations.retrieve", .object { $0.member("conversation", reference) })
    }
    if let name = conversation?["name"]?.string {
      throw .usage(
        "this conversation is called \(name) already",
        advice: "/fork \(target) goes on in a copy; halley rename \(name) \(target) renames it")
    }
    _ = try session.call(
      conversation == nil ? "conversations.create" : "conversations.update",
      .object { params in
        if let id = conversation?["id"]?.string { params.member("conversation", id) }
        params.member("name", target)
      })
    thread.begin(in: target)
    try note("kept as \(target): halley -C \(target) goes on with it")
  }

  /// All that was said, oldest first.
  private func items() throws(Failure) -> [RawJSON] {
    guard request.isStored else { return thread.items }
    let session = try link.session()
    if let conversation = thread.conversation {
      return try session.list("conversations.items.list") { params in
        params.member("conversation", conversation)
        params.member("order", "asc")
      }
    }
    guard let id = thread.lastResponse else { return [] }
    let response = try session.call("responses.retrieve", .object { $0.member("response_id", id) })
    let input = try session.list("responses.input_items.list") { params in
      params.member("response_id", id)
      params.member("order", "asc")
    }
    return input + (response["output"]?.elements ?? [])
  }
}
