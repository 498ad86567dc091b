internal import Glibc
package import JSON

/// Asks the user whether a tool may run (`tools.approve`).
package struct Approval {
  private let allowsAll: Bool
  private let interrupts: Interrupts?

  /// - Parameter allowsAll: `--yes`: what would be asked is allowed.
  package init(allowsAll: Bool, interrupts: Interrupts?) {
    self.allowsAll = allowsAll
    self.interrupts = interrupts
  }

  /// The answer to the daemon. Without a terminal nobody can be asked, which means no.
  package func decide(_ params: RawJSON) -> RawJSON {
    if allowsAll { return Self.decision("allow") }
    let terminal = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0 else {
      return Self.decision("deny", reason: "there is no terminal to ask at, and no --yes")
    }
    defer { close(terminal) }
    let stream = StandardStream(terminal)
    do throws(Failure) {
      try stream.write(Self.question(params))
      return Self.decision(try reply(from: terminal))
    } catch {
      return Self.decision("deny", reason: "the terminal could not be asked")
    }
  }

  private static func question(_ params: RawJSON) -> String {
    let tool = params["tool"]?.string ?? "a tool"
    let title = params["title"]?.string.map { " (\($0))" } ?? ""
    let arguments = params["arguments"].map { $0.string ?? $0.text } ?? ""
    return TerminalText.safe(
      "\nThe model wants to run \(tool)\(title):\n  \(arguments)\n"
        + "Allow? [y]es, [a]lways in this session, [N]o: ")
  }

  private func reply(from terminal: Int32) throws(Failure) -> String {
    guard let line = try TerminalLine.read(terminal, interrupts) else { return "deny" }
    switch line.first {
    case UInt8(ascii: "y"), UInt8(ascii: "Y"): return "allow"
    case UInt8(ascii: "a"), UInt8(ascii: "A"): return "allow_session"
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
