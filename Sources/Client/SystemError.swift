internal import Glibc

/// A system call that failed.
package struct SystemError: Error, Sendable {
  package let operation: String
  /// `errno` as the call left it.
  package let number: Int32

  package init(_ operation: String, _ number: Int32 = errno) {
    self.operation = operation
    self.number = number
  }

  /// What C says about the number, as in "No such file or directory".
  package var reason: String {
    guard let text = unsafe strerror(number) else { return "error \(number)" }
    return unsafe String(cString: text)
  }
}
