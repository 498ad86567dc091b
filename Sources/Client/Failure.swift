package import JSON

/// Why a command ends early: what is said on stderr, and the status it leaves with.
package struct Failure: Error, Sendable {
  package let status: ExitStatus
  /// What was found and what was expected; empty for an end that needs no words.
  package let message: String
  /// What to do next.
  package let advice: String?
  /// The error object, where the daemon answered with one.
  package let remote: RawJSON?
  /// What a call that the user has ended came to, where that was still told.
  package let result: RawJSON?

  package init(
    _ status: ExitStatus, _ message: String, advice: String? = nil, remote: RawJSON? = nil,
    result: RawJSON? = nil
  ) {
    self.status = status
    self.message = message
    self.advice = advice
    self.remote = remote
    self.result = result
  }

  /// The reader of stdout has gone; nobody is left to tell.
  package static let brokenPipe = Failure(.brokenPipe, "")

  package static func usage(_ message: String, advice: String? = nil) -> Failure {
    Failure(.usage, message, advice: advice)
  }

  package static func lostConnection(_ detail: String) -> Failure {
    Failure(
      .tryAgain, "the connection to halleyd was lost\(detail)",
      advice: "`journalctl --user -u halley` may say why; then ask again")
  }

  /// Something listens on the daemon's socket, and does not answer.
  static func silentDaemon(_ path: String) -> Failure {
    Failure(.noDaemon, "halleyd at \(path) does not answer", advice: lookAt(daemonAt: path))
  }

  /// Where to find out about the daemon of a socket: the system's, or the user's own.
  static func lookAt(daemonAt path: String) -> String {
    let option = path.hasPrefix("/run/halley/") ? "" : " --user"
    return "look at: systemctl\(option) status halley.service; journalctl\(option) -u halley"
  }

  /// The lines for stderr, safe for a terminal; empty when there is nothing to say.
  package var text: String {
    guard !message.isEmpty else { return "" }
    let lines = "halley: \(message)\n" + (advice.map { "  \($0)\n" } ?? "")
    return TerminalText.safe(lines)
  }
}
