import ArgumentParser
import Client
import JSON

/// `halley chat`: one message after the other.
struct Chat: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat", abstract: "Talk with a model, message after message.",
    discussion: """
      EXAMPLES
        halley chat
        halley chat -C refactor -f parser.c     editors see this one too
        halley chat -c                          go on from this terminal's last answer
        halley chat -n                          keep no text on disk
        halley chat < questions.txt             a message a line

      Type /help for what else a line can ask. Alt-Enter, or a backslash at its end, goes on in a \
      further line. Ctrl-C stops the answer and not the chat; Ctrl-D leaves.
      """)

  @OptionGroup(title: "First message") var prompt: PromptOptions
  @OptionGroup(title: "Model") var model: ModelOptions
  @OptionGroup(title: "Conversation and cache") var thread: ThreadOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func validate() throws {
    if prompt.attachesStdin || prompt.ignoresStdin {
      throw ValidationError("the messages of a chat come from stdin: leave out -a - and --no-stdin")
    }
  }

  func run() throws {
    let connection = Result { () throws(Failure) in try daemon.connect() }
    var request = CreateRequest()
    try model.apply(to: &request)
    thread.apply(to: &request)
    let parts = try PromptParts(prompt, daemon.inputLimit)
    try parts.applySettings(to: &request)
    var call = try AnswerCall(output)
    call.allowsTools = model.yes
    call.schema = request.schema
    let input = try ChatInput(call, daemon.inputLimit, remembers: !thread.isForgotten)
    let link = ChatLink(daemon, call, try connection.get())
    let loop = ChatLoop(request, call, link, input, parts: prompt.isEmpty ? nil : parts)
    try loop.run(first: parts.words)
  }
}
