internal import EventLoop

/// Text of a plugin for people to read.
enum PluginText {
  /// Decodes bytes, with whatever could forge a line or move a terminal made visible as a space.
  static func shown(_ bytes: some Collection<UInt8>) -> String {
    let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
    return String(
      String.UnicodeScalarView(scalars.map { JournalText.isUnsafe($0) ? " " : $0 }))
  }
}
