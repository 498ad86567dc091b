/// The version of Halley's programs.
package enum Version {
  /// As the protocol and requests to upstreams name it.
  package static let text = "0.1.0"
  /// As `--version` prints it.
  package static let notice = "\(text)\nCopyright (c) 2026 The Halley authors. MIT License."
}
