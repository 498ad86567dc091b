internal import Glibc
package import JSON

/// Asks the user whether a tool may run, or is taken as it is described now (`tools.approve`).
package struct Approval {
  private let allowsAll: Bool
  private let interrupts: Interrupts?

  /// - Parameter allowsAll: `--yes`: calls that would be asked about are allowed. A definition that
  ///   changed is not a call: models do what it says, and nobody who wrote `--yes` has read it.
  package init(allowsAll: Bool, interrupts: Interrupts?) {
    self.allowsAll = allowsAll
    self.interrupts = interrupts
  }

  /// The answer to the daemon. Without a terminal nobody can be asked, which means no.
  package func decide(_ params: RawJSON) -> RawJSON {
    let isDefinition = Self.isDefinition(params)
    if allowsAll, !isDefinition { return Self.decision("allow") }
    let terminal = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0 else {
      let missing = isDefinition ? "" : ", and no --yes"
      return Self.decision("deny", reason: "there is no terminal to ask at\(missing)")
    }
    defer { close(terminal) }
    let stream = StandardStream(terminal)
    do throws(Failure) {
      try stream.write(isDefinition ? Self.definitionQuestion(params) : Self.question(params))
      return Self.decision(try reply(from: terminal, mayLast: !isDefinition))
    } catch {
      return Self.decision("deny", reason: "the terminal could not be asked")
    }
  }

  /// The notice about a tool that is left out without a question.
  package static func note(on answer: RawJSON, to params: RawJSON) -> String? {
    guard isDefinition(params), answer["decision"]?.string == "deny",
      let reason = answer["reason"]?.string
    else { return nil }
    return TerminalText.exact(
      "halley: the definition of the tool \(params["tool"]?.string ?? "–") changed and was not "
        + "taken: \(reason); --yes does not take it\n")
  }

  /// A question about a definition says that it is about no call.
  private static func isDefinition(_ params: RawJSON) -> Bool {
    params["call_id"]?.isNull == true && params["response_id"]?.isNull == true
  }

  private static func question(_ params: RawJSON) -> String {
    let tool = params["tool"]?.string ?? "a tool"
    let title = params["title"]?.string.map { " (\($0))" } ?? ""
    let arguments = params["arguments"].map { $0.string ?? $0.text } ?? ""
    return TerminalText.exact(
      "\nThe model wants to run \(tool)\(title):\n  \(arguments)\n"
        + "Allow? [y]es, [a]lways in this session, [N]o: ")
  }

  /// - Parameter params: hold what the tool says now in the place of a call's arguments.
  private static func definitionQuestion(_ params: RawJSON) -> String {
    let tool = params["tool"]?.string ?? "a tool"
    let definition = definition(params["arguments"] ?? .null)
    let description = definition["description"]?.string ?? ""
    let parameters = definition["parameters"]?.text ?? ""
    return TerminalText.exact(
      "\nThe definition of the tool \(tool) is not the one that was approved, and the model does "
        + "what it says. It says now:\n  \(description.replacing("\n", with: "\n  "))\n"
        + "  parameters: \(parameters)\n"
        + "Take the new definition? [y]es, from now on, [N]o: ")
  }

  private static func definition(_ arguments: RawJSON) -> RawJSON {
    guard let text = arguments.string else { return arguments }
    do throws(JSONError) {
      return try RawJSON(parsing: text)
    } catch {
      return .object { $0.member("description", text) }
    }
  }

  private func reply(from terminal: Int32, mayLast: Bool) throws(Failure) -> String {
    guard let line = try TerminalLine.read(terminal, interrupts) else { return "deny" }
    switch line.first {
    case UInt8(ascii: "y"), UInt8(ascii: "Y"): return "allow"
    case UInt8(ascii: "a"), UInt8(ascii: "A"): return mayLast ? "allow_session" : "deny"
    default: return "deny"
    }
  }

  private static func decision(_ decision: String, reason: String? = nil) -> RawJSON {
    .object { answer in
      answer.member("decision", decision)
      if let reason { answer.member("reason", reason) }
    }
  }
}
