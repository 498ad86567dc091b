package import JSON

/// A JSON Pointer (RFC 6901) in a URL fragment, as `$ref` uses it for places in the same schema.
package struct JSONPointer: Sendable {
  private let tokens: [String]

  /// Takes `#` or `#/a/b`; nil for a reference to another document.
  package init?(fragment: String) {
    guard fragment.hasPrefix("#") else { return nil }
    let pointer = fragment.dropFirst()
    guard pointer.isEmpty || pointer.hasPrefix("/") else { return nil }
    tokens = pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(
      Self.decode)
  }

  package func value(in root: RawJSON) -> RawJSON? {
    var value = root
    for token in tokens {
      switch value.kind {
      case .object:
        guard let member = value[token] else { return nil }
        value = member
      case .array:
        guard let index = Int(token), value.elements.indices.contains(index) else { return nil }
        value = value.elements[index]
      default: return nil
      }
    }
    return value
  }

  /// Undoes the escapes of the fragment (RFC 3986, `%7E`), then those of the pointer (`~0`, `~1`).
  private static func decode(_ token: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(token.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    var text = String(decoding: bytes, as: UTF8.self)
    text.replace("~1", with: "/")
    text.replace("~0", with: "~")
    return text
  }
}
