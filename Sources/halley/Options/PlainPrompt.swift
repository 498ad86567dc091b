import Client

/// A prompt without any option but the socket, as most are: `halley why is the sky blue`.
///
/// The parser looks at the description of every option by reflection, which takes several times as
/// long as all the rest of a cached answer. What it would make of such words is said here; an option
/// that is added needs its line, and every prompt of the tests would end at once without it.
struct PlainPrompt {
  private let socket: String?
  private let words: [String]

  /// - Returns: nil for what is to be parsed.
  init?(_ arguments: [String]) {
    var rest = arguments[...]
    var socket: String?
    if rest.first == "--socket", rest.count > 1 {
      socket = rest.dropFirst().first
      rest = rest.dropFirst(2)
    }
    guard !rest.isEmpty, socket?.hasPrefix("-") != true,
      rest.allSatisfy({ !$0.hasPrefix("-") })
    else { return nil }
    self.socket = socket
    words = Array(rest)
  }

  var command: Ask {
    var command = Ask()
    command.prompt = prompt
    command.model = model
    command.thread = thread
    command.background = false
    command.output = output
    var daemon = DaemonOptions()
    daemon.socket = socket
    command.daemon = daemon
    return command
  }

  private var prompt: PromptOptions {
    var options = PromptOptions()
    options.attachments = []
    options.types = []
    options.files = []
    options.template = nil
    options.values = []
    options.edits = false
    options.ignoresStdin = false
    options.prompt = words
    return options
  }

  private var model: ModelOptions {
    var options = ModelOptions()
    options.model = nil
    options.upstream = nil
    options.profile = nil
    options.instructions = nil
    options.effort = nil
    options.maxTokens = nil
    options.temperature = nil
    options.parameters = []
    options.schema = nil
    options.schemaMulti = nil
    options.tools = []
    options.yes = false
    options.timeout = nil
    return options
  }

  private var thread: ThreadOptions {
    var options = ThreadOptions()
    options.continues = false
    options.conversation = nil
    options.fresh = false
    options.cached = false
    options.avoidsCache = false
    options.isForgotten = false
    options.isWhole = false
    return options
  }

  private var output: OutputOptions {
    var options = OutputOptions()
    options.extract = false
    options.extractsLast = false
    options.json = false
    options.raw = false
    options.quiet = false
    options.usage = false
    options.color = .auto
    return options
  }
}
