/// The secret that an upstream knows its customer by.
///
/// It prints as nothing but its kind, so that no log, error or crash report holds it by accident.
package struct APIKey: Sendable, Equatable {
  package static let maximumBytes = 4096

  /// Visible ASCII without spaces. For the Authorization header of its own upstream only.
  package let secret: String

  /// Takes 1 to 4096 bytes from 0x21 to 0x7E; nil for anything else, which could break out of a
  /// header (RFC 6750, section 2.1 allows even less).
  package init?(_ bytes: some Collection<UInt8>) {
    guard 1...Self.maximumBytes ~= bytes.count, bytes.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      return nil
    }
    secret = String(decoding: bytes, as: UTF8.self)
  }
}

extension APIKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "APIKey(hidden)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
