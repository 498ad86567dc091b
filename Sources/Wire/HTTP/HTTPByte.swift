/// What the grammars of HTTP and of URIs say of single bytes.
extension UInt8 {
  /// `tchar`, of which methods and names of fields are made (RFC 9110, section 5.6.2).
  var isToken: Bool {
    switch self {
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"),
      UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"),
      UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
      true
    default: isAlphanumeric
    }
  }

  /// What may stand in a field's value: visible characters, spaces and tabs, and `obs-text`, which
  /// is passed on as it is (RFC 9110, section 5.5).
  var isFieldValue: Bool { !isControl || self == 0x09 }

  /// `unreserved` and `sub-delims`, of which names of hosts are made (RFC 3986, section 3.2.2).
  var isHostName: Bool {
    switch self {
    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
      UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"),
      UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"),
      UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="):
      true
    default: isAlphanumeric
    }
  }

  /// `pchar` without the percent sign (RFC 3986, section 3.3).
  var isPath: Bool { isHostName || self == UInt8(ascii: ":") || self == UInt8(ascii: "@") }

  /// What may stand in a query beside escapes (RFC 3986, section 3.4), and the brackets that the
  /// API's own `include[]` brings and that neither curl nor browsers escape.
  var isQuery: Bool {
    switch self {
    case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "]"): true
    default: isPath
    }
  }
}

extension ArraySlice<UInt8> {
  /// Without the spaces and tabs around it (RFC 9110, section 5.6.3).
  var withoutOuterSpaces: ArraySlice<UInt8> {
    let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    guard let last = lastIndex(where: { !isSpace($0) }) else { return prefix(0) }
    return self[...last].drop(while: isSpace)
  }
}
