/// Says why a key could not be had. It never contains one.
package struct KeyError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: Sendable {
    /// Nothing is where it was looked for.
    case notFound
    case unreadable
    /// Others could read it.
    case insecure
    /// Not 1 to 4096 bytes of visible ASCII.
    case malformed
    case commandFailed
    case commandTimedOut
  }

  package let code: Code
  /// What was found, and where.
  package let message: String
  /// What to do about it.
  package let hint: String

  package init(_ code: Code, _ message: String, hint: String) {
    self.code = code
    self.message = message
    self.hint = hint
  }

  package var description: String { "\(message); \(hint)" }
}
