import ArgumentParser
import Client
import JSON

/// Who answers, and under which parameters.
struct ModelOptions: ParsableArguments {
  @Option(name: [.customShort("m"), .long], help: "The model; else the configured one.")
  var model: String?

  @Option(help: ArgumentHelp("The upstream; else by the model's routing.", valueName: "name"))
  var upstream: String?

  @Option(name: [.customShort("p"), .long], help: "Take the defaults of a configured profile.")
  var profile: String?

  @Option(
    name: [.customShort("s"), .customLong("system")], parsing: .unconditional,
    help: ArgumentHelp("Instructions for the model.", valueName: "text"))
  var instructions: String?

  @Option(help: ArgumentHelp("How much to reason, such as low or high.", valueName: "level"))
  var effort: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The most tokens to generate.", valueName: "n"),
    transform: OptionNumber.integer(1...Int.max))
  var maxTokens: Int?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("0 to 2.", valueName: "number"),
    transform: OptionNumber.decimal(0...2))
  var temperature: Double?

  @Option(
    name: .customLong("param"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Any parameter of the API, as in --param 'truncation=\"auto\"'. Repeatable.",
      valueName: "key=json"))
  var parameters: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "A schema for the answer, which is checked: fields as in 'name, age int, bio: one line', a "
        + "file, or JSON.", valueName: "schema"))
  var schema: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The same for a list of such answers.", valueName: "schema"))
  var schemaMulti: String?

  @Option(
    name: .customLong("tool"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Offer the daemon's tools of this name, as in git.*.", valueName: "glob"))
  var tools: [String] = []

  @Flag(help: "Allow calls of tools that would be asked about.")
  var yes = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Give up after this many seconds.", valueName: "seconds"),
    transform: OptionNumber.decimal(1e-6...1e9))
  var timeout: Double?

  func validate() throws {
    if schema != nil, schemaMulti != nil {
      throw ValidationError("--schema and --schema-multi can't both be given")
    }
  }

  /// Takes everything over into a request.
  func apply(to request: inout CreateRequest) throws(Failure) {
    request.model = model
    request.upstream = upstream
    request.profile = profile
    request.instructions = instructions
    request.effort = effort
    request.maximumOutputTokens = maxTokens
    request.temperature = temperature
    request.tools = tools
    request.timeoutSeconds = timeout
    if let schema { request.schema = try AnswerSchema(argument: schema) }
    if let schemaMulti {
      request.schema = try AnswerSchema(argument: schemaMulti, isMultiple: true)
    }
    for parameter in parameters { request.parameters.append(try Self.parameter(parameter)) }
  }

  private static func parameter(_ text: String) throws(Failure) -> (key: String, value: RawJSON) {
    let (key, value) = try pair(text, of: "--param", "key=JSON")
    if let near = ParameterName.misspelt(key) {
      throw .usage(
        "--param: \"\(key)\" is no parameter of the API; did you mean \"\(near)\"?",
        advice: "others that an upstream may know are passed on, if they are not so near")
    }
    do throws(JSONError) {
      return (key, try RawJSON(parsing: value))
    } catch {
      throw .usage(
        "--param \(key): \"\(value)\" is not JSON: \(error.message) at byte \(error.offset)",
        advice: "a string needs its quotes: --param '\(key)=\"…\"'")
    }
  }

  /// Cuts `key=value` at its first equals sign.
  static func pair(
    _ text: String, of option: String, _ form: String
  ) throws(Failure) -> (key: String, value: String) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw .usage("\(option): \"\(text)\" found where \(form) was expected")
    }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }
}
