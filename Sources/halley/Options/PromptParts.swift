import Client

/// The parts of a prompt, read from where the options say they are.
struct PromptParts {
  private let options: PromptOptions
  private let template: PromptTemplate?
  private let contexts: [ContextFile]
  /// In the order of the command line; nil stands for stdin.
  private let attachments: [Attachment?]
  private let stdinType: String?
  private let values: [String: String]
  /// What is asked: what was edited, else the words of the command line.
  let words: String

  /// Reads every file, but not yet stdin.
  init(_ options: PromptOptions, _ limit: InputLimit) throws(Failure) {
    self.options = options
    template = try Self.template(options.template)
    var sources = ContextSources(limit)
    for argument in options.files { try sources.take(argument) }
    contexts = sources.files
    var attachments: [Attachment?] = []
    for (argument, type) in options.attachedFiles {
      if let type { try Self.check(type) }
      attachments.append(
        argument == "-" ? nil : try Attachment(argument: argument, type: type, limit))
    }
    stdinType = options.attachedFiles.first { $0.argument == "-" }?.type
    self.attachments = attachments
    var values: [String: String] = [:]
    for value in options.values {
      let (key, text) = try ModelOptions.pair(value, of: "-P", "key=value")
      values[key] = text
    }
    self.values = values
    let words = options.prompt.joined(separator: " ")
    self.words = options.edits ? try TextEditor.text(beginningWith: words) : words
  }

  /// Puts the parts together.
  ///
  /// - Parameters:
  ///   - words: what was typed, where that is not the command line's prompt.
  ///   - stdin: what was read from it; nil where it was not.
  func apply(
    to request: inout CreateRequest, words: String? = nil, stdin: [UInt8]? = nil
  ) throws(Failure) {
    try applySettings(to: &request)
    var texts = contexts.map(\.text)
    if let stdin, !options.attachesStdin { texts.append(try StandardInput.text(of: stdin)) }
    texts.append(words ?? self.words)
    let text = texts.filter { !$0.isEmpty }.joined(separator: "\n\n")
    request.text = try template?.fill(input: text, parameters: values) ?? text
    request.attachments = attachments.map { $0 ?? Attachment(stdin: stdin ?? [], type: stdinType) }
    guard !request.text.isEmpty || !request.attachments.isEmpty else {
      throw .usage(
        "there is nothing to ask",
        advice: "as in: halley \"tell me a story\", or pipe text in; see halley --help")
    }
  }

  /// RFC 2045, section 5.1: a type and a subtype.
  private static func check(_ type: String) throws(Failure) {
    let parts = type.split(separator: "/", omittingEmptySubsequences: false)
    let isPlain = type.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x2C && $0 != 0x3B }
    guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), isPlain else {
      throw .usage("--at: \"\(type)\" found where a media type such as image/png was expected")
    }
  }

  /// Takes over what the template says of the model.
  func applySettings(to request: inout CreateRequest) throws(Failure) {
    if let template { try Self.apply(template, to: &request) }
  }

  private static func template(_ name: String?) throws(Failure) -> PromptTemplate? {
    guard let name else { return nil }
    return try PromptTemplate(named: name)
  }

  /// Takes the settings over that no option has set.
  private static func apply(
    _ template: PromptTemplate, to request: inout CreateRequest
  ) throws(Failure) {
    let values = template.values
    request.model = request.model ?? values["model"]
    request.upstream = request.upstream ?? values["upstream"]
    request.profile = request.profile ?? values["profile"]
    request.instructions = request.instructions ?? values["instructions"]
    request.effort = request.effort ?? values["effort"]
    if request.tools.isEmpty { request.tools = template.tools }
    if request.schema == nil, let schema = values["schema"], !schema.isEmpty {
      request.schema = try AnswerSchema(argument: schema)
    }
    if let text = values["max_tokens"], request.maximumOutputTokens == nil {
      request.maximumOutputTokens = try number(text, "max_tokens", Int.init)
    }
    if let text = values["temperature"], request.temperature == nil {
      request.temperature = try number(text, "temperature", Double.init)
    }
  }

  private static func number<Number>(
    _ text: String, _ key: String, _ parse: (String) -> Number?
  ) throws(Failure) -> Number {
    guard let number = parse(text) else {
      throw .usage("the template's \(key) is \"\(text)\", a number was expected")
    }
    return number
  }
}
