internal import Glibc

/// How much of one file, or of stdin, is read: what a line to the daemon may hold, and not for ever
/// from what never ends.
package final class InputLimit {
  /// What a daemon takes that was not told otherwise (`halley-protocol(7)`, TRANSPORT).
  package static let usual = 80 << 20

  private var bytes: Int
  private var ask: (() -> Int?)?

  /// - Parameter ask: what this daemon takes; called once, where something is longer than usual.
  package init(_ bytes: Int = usual, ask: (() -> Int?)? = nil) {
    self.bytes = bytes
    self.ask = ask
  }

  /// Whether so much may be read.
  func allows(_ count: Int) -> Bool {
    if count > bytes, let ask {
      self.ask = nil
      bytes = ask() ?? bytes
    }
    return count <= bytes
  }

  /// Why a file, or stdin, ends the command.
  func failure(_ error: SystemError, reading name: String) -> Failure {
    guard error.number == EFBIG else { return Failure(.noInput, "\(name): \(error.reason)") }
    return Failure(
      .noInput, "\(name): more than \(bytes) bytes found, as many at most were expected",
      advice: "send less at once, or raise limits.line in the daemon's config.toml")
  }
}
