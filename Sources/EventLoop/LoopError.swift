internal import Glibc

/// A system call or library call that failed.
package struct LoopError: Error, Sendable, CustomStringConvertible {
  /// The C function.
  package let operation: String
  /// A positive errno.
  package let code: Int32
  /// What it was about, where that helps; a path for instance.
  package let subject: String?

  package init(_ operation: String, code: Int32, _ subject: String? = nil) {
    self.operation = operation
    self.code = code
    self.subject = subject
  }

  /// Takes the error of the call that just returned -1.
  static func last(_ operation: String, _ subject: String? = nil) -> LoopError {
    LoopError(operation, code: errno, subject)
  }

  package var description: String {
    let reason = unsafe String(cString: strerror(code))
    return "\(operation)\(subject.map { " \($0)" } ?? ""): \(reason)"
  }

  /// Throws for the negative errno that libsystemd's functions return.
  @discardableResult
  static func check(_ result: Int32, _ operation: String) throws(LoopError) -> Int32 {
    guard result >= 0 else { throw LoopError(operation, code: -result) }
    return result
  }
}
