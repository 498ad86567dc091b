/// Tells why a text was refused, and where.
package struct JSONError: Error, Equatable, Sendable {
  package enum Code: Sendable {
    /// Not JSON by RFC 8259, or not UTF-8.
    case malformed
    case duplicateKey
    case tooDeep
    case tooManyNodes
    case keyTooLong
    case numberTooLong
  }

  package let code: Code
  /// Bytes before the offending one, from the start of the text.
  package let offset: Int
  /// What was found and what was expected, for people.
  package let message: String

  package init(_ code: Code, at offset: Int, _ message: String) {
    self.code = code
    self.offset = offset
    self.message = message
  }
}
