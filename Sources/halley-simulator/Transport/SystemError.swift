internal import Glibc

/// Tells which call of the system or of OpenSSL failed, and why.
struct SystemError: Error, CustomStringConvertible {
  let operation: String
  let reason: String

  var description: String { "\(operation): \(reason)" }

  init(_ operation: String, reason: String) {
    self.operation = operation
    self.reason = reason
  }

  /// Takes the reason from `errno`.
  static func last(_ operation: String) -> SystemError {
    let number = errno
    return SystemError(operation, reason: unsafe String(cString: strerror(number)))
  }
}
