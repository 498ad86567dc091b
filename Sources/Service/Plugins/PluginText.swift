/// Text of a plugin for people to read.
enum PluginText {
  /// Decodes bytes, with whatever could forge a line or move a terminal made visible as a space.
  static func shown(_ bytes: some Collection<UInt8>) -> String {
    let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
    return String(String.UnicodeScalarView(scalars.map { isControl($0) ? " " : $0 }))
  }

  /// C0, DEL, C1, line and paragraph separators, and what turns the direction of writing.
  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
