internal import Wire

/// A file of the page that shows what the daemon does. It holds no data, and needs no token.
struct PageFile: Sendable {
  let type: StaticString
  let bytes: [UInt8]

  static let index = PageFile(
    type: "text/html; charset=utf-8", bytes: PackageResources.index_html)
  static let style = PageFile(type: "text/css; charset=utf-8", bytes: PackageResources.page_css)
  static let script = PageFile(
    type: "text/javascript; charset=utf-8", bytes: PackageResources.page_js)

  /// Nothing but these files runs or is asked for, nobody frames them, and the address, which opens
  /// a session, is told to nobody (Content Security Policy Level 3, Trusted Types).
  func add(to head: inout HTTPResponseHead) {
    head.add("Content-Type", "\(type)")
    head.add(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        + "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        + "require-trusted-types-for 'script'")
    head.add("X-Content-Type-Options", "nosniff")
    head.add("Referrer-Policy", "no-referrer")
    head.add("Cross-Origin-Opener-Policy", "same-origin")
    head.add("Cross-Origin-Resource-Policy", "same-origin")
    head.add("Cache-Control", "no-store")
  }
}
