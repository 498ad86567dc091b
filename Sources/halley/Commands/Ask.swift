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
        halley -C refactor "and now in Swift"      a conversation that editors see too
        halley -c "shorter"                        continue in this terminal
        halley -x "a POSIX script that …" | sh     the code block alone
        halley ask list three colours              a prompt that begins with a command's name

      The answer goes to stdout and ends with a line end; everything else goes to stderr.
      """)

  @OptionGroup(title: "Prompt") var prompt: PromptOptions
  @OptionGroup(title: "Model") var model: ModelOptions

  @Flag(
    name: [.customShort("c"), .customLong("continue")],
    help: ArgumentHelp("Continue the last exchange of this terminal."))
  var continues = false

  @Option(
    name: [.customShort("C"), .long],
    help: ArgumentHelp("Continue a named conversation, or begin it.", valueName: "name"))
  var conversation: String?

  @Flag(help: "Ask again, and replace what the cache holds.")
  var fresh = false

  @Flag(help: "Answer from the cache or fail.")
  var cached = false

  @Flag(name: .customLong("no-cache"), help: "Neither read nor fill the cache.")
  var avoidsCache = false

  @Flag(name: [.customShort("n"), .customLong("no-store")], help: "Keep no text of this on disk.")
  var isForgotten = false

  @Flag(name: .customLong("no-stream"), help: "Print the answer when it is whole.")
  var isWhole = false

  @Flag(help: "Start the answer and print its id; see halley attach.")
  var background = false

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func validate() throws {
    if continues, conversation != nil {
      throw ValidationError("-c and -C can't both be given")
    }
    if [fresh, cached, avoidsCache].filter({ $0 }).count > 1 {
      throw ValidationError("only one of --fresh, --cached and --no-cache can be given")
    }
    if background, isForgotten {
      throw ValidationError("--background needs its answer stored, which -n forbids")
    }
  }

  func run() throws {
    // First of all: a daemon that sees a client opens its connection to the upstream.
    let connection = Result { () throws(Failure) in try daemon.connect() }
    var request = try request()
    let parts = try PromptParts(prompt)
    let connected = try connection.get()
    var call = try AnswerCall(output)
    try parts.apply(to: &request, stdin: readInput(call))
    call.allowsTools = model.yes
    call.schema = request.schema
    let session = call.session(connected)
    if needsApprovals { try session.post("initialize", Self.introduction) }
    if background {
      try start(request, call, session)
    } else {
      try call.run(session, "responses.create", request.json)
    }
  }

  private func request() throws(Failure) -> CreateRequest {
    var request = CreateRequest()
    try model.apply(to: &request)
    request.conversation = conversation
    request.continuesScope = continues
    request.scope = isForgotten && !continues ? nil : TerminalScope.current
    request.isStored = !isForgotten
    request.isStreaming = !isWhole && !background
    request.isBackground = background
    request.cache = fresh ? "refresh" : cached ? "only" : avoidsCache ? "off" : nil
    return request
  }

  /// A profile may bring tools too.
  private var needsApprovals: Bool {
    !model.tools.isEmpty || model.profile != nil || model.yes
  }

  private static let introduction = RawJSON.object { params in
    params.key("client")
    params.object {
      $0.member("name", "halley")
      $0.member("version", Version.text)
    }
    params.key("capabilities")
    params.object { $0.member("approvals", true) }
  }

  private func readInput(_ call: AnswerCall) throws(Failure) -> [UInt8]? {
    guard prompt.readsStdin else { return nil }
    return try StandardInput.read(interrupts: call.interrupts) { () throws(Failure) in
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
