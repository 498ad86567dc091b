/// Tells why a request was refused, and where. Its connection has to be closed after the answer:
/// what follows can't be trusted to begin with a request.
package struct HTTPRequestError: Error, Equatable, Sendable {
  package enum Status: Int, Sendable {
    case badRequest = 400
    case contentTooLarge = 413
    case targetTooLong = 414
    case fieldsTooLarge = 431
    case versionNotSupported = 505
  }

  package let status: Status
  /// What of the request it is about, as in "the request line".
  package let place: String
  package let found: String
  package let expected: String
  /// Bytes before the offending one, from the first one of the request.
  package internal(set) var offset: Int

  init(
    _ status: Status = .badRequest, in place: String, at offset: Int, found: String,
    expected: String
  ) {
    self.status = status
    self.place = place
    self.found = found
    self.expected = expected
    self.offset = offset
  }

  /// For people.
  package var message: String {
    "found \(found) in \(place) at byte \(offset), expected \(expected)"
  }

  /// A byte for people, by its name or its number.
  static func name(of byte: UInt8) -> String {
    switch byte {
    case 0x00: "NUL"
    case 0x09: "a tab"
    case 0x0A: "a line feed"
    case 0x0D: "a carriage return"
    case 0x20: "a space"
    case 0x21...0x7E: "\"\(Character(Unicode.Scalar(byte)))\""
    default: "byte 0x\(hexadecimal(byte))"
    }
  }

  /// The beginning of what was found, on one line and in visible ASCII.
  static func quote(_ bytes: ArraySlice<UInt8>) -> String {
    guard !bytes.isEmpty else { return "nothing" }
    var text = "\""
    for byte in bytes.prefix(40) {
      let isPlain = 0x20...0x7E ~= byte && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
      text += isPlain ? String(Unicode.Scalar(byte)) : "\\x\(hexadecimal(byte))"
    }
    return text + (bytes.count > 40 ? "…\"" : "\"")
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }
}
