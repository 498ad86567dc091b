import ArgumentParser
import Client
import JSON

/// `halley ask`, the default: one prompt, one answer.
struct Ask: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ask", abstract: "Ask a model and print its answer (the default command).",
    discussion: """
      EXAMPLES
        halley "why is the sky blue?"
        git diff | halley "write a commit message"
        halley -m gpt-5.4-mini -a photo.jpg what is this
        halley -C refactor "and now in Swift"      editors see this one too
        halley -c "shorter"                        continue in this terminal
        halley -x "a POSIX script that …" | sh     the code block alone
        halley ask list three colours              a prompt, and not halley list

      The answer goes to stdout and ends with a line end; everything else goes to stderr.
      """)

  @OptionGroup(title: "Prompt") var prompt: PromptOptions
  @OptionGroup(title: "Model") var model: ModelOptions

  @OptionGroup(title: "Conversation and cache") var thread: ThreadOptions

  @Flag(help: "Start the answer and print its id; see halley attach.")
  var background = false

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func validate() throws {
    if background, thread.isForgotten {
      throw ValidationError("--background needs its answer stored, which -n forbids")
    }
  }

  func run() throws {
    // First of all: a daemon that sees a client opens its connection to the upstream.
    let connection = Result { () throws(Failure) in try daemon.connect() }
    var request = try request()
    let parts = try PromptParts(prompt, daemon.inputLimit)
    let connected = try connection.get()
    var call = try AnswerCall(output)
    try parts.apply(to: &request, stdin: readInput(call))
    call.allowsTools = model.yes
    call.schema = request.schema
    let session = call.session(connected)
    if needsApprovals { try session.introduce() }
    if !output.quiet, let beginning = thread.beginning(daemon) {
      try call.notes.write("halley: \(beginning)\n")
    }
    if background {
      try start(request, call, session)
    } else {
      try call.run(session, "responses.create", request.json)
    }
  }

  private func request() throws(Failure) -> CreateRequest {
    var request = CreateRequest()
    try model.apply(to: &request)
    thread.apply(to: &request)
    request.isBackground = background
    if background { request.isStreaming = false }
    return request
  }

  /// A profile may bring tools too.
  private var needsApprovals: Bool {
    !model.tools.isEmpty || model.profile != nil || model.yes
  }

  private func readInput(_ call: AnswerCall) throws(Failure) -> [UInt8]? {
    guard prompt.readsStdin else { return nil }
    return try StandardInput.read(daemon.inputLimit, interrupts: call.interrupts) {
      () throws(Failure) in
      guard !output.quiet else { return }
      try call.notes.write(
        "halley: waiting for the end of stdin (Ctrl-D, or --no-stdin to leave it out)\n")
    }
  }

  private func start(
    _ request: CreateRequest, _ call: AnswerCall, _ session: Session
  ) throws(Failure) {
    let response = try session.call("responses.create", request.json)
    if output.json { return try call.output.write(Array(response.bytes) + [0x0A]) }
    let id = response["id"]?.string ?? ""
    try call.output.write(id + "\n")
    if output.showsNotes(call.output, call.notes) {
      try call.notes.write("halley: read it with: halley attach \(TerminalText.safe(id))\n")
    }
  }
}
