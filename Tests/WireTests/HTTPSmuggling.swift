import Testing

/// Requests by which a second one is smuggled past whoever reads the first one differently, and
/// harmless ones that look like them.
struct HTTPSmuggling: CustomTestStringConvertible {
  let testDescription: String
  let text: String
  /// With what it is refused; nil where it is served.
  let status: Int?

  private init(_ name: String, _ text: String, _ status: Int? = 400) {
    testDescription = name
    self.text = text
    self.status = status
  }

  private static let next = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"

  private static func post(
    _ name: String, _ fields: String, _ body: String = "", _ status: Int? = 400
  ) -> HTTPSmuggling {
    let head = "POST / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\r\n"
    return HTTPSmuggling(name, head + body + next, status)
  }

  private static func chunked(_ name: String, _ body: String, _ status: Int? = 400) -> HTTPSmuggling
  {
    post(name, "Transfer-Encoding: chunked", body, status)
  }

  private static func get(_ name: String, _ start: String, _ status: Int? = 400) -> HTTPSmuggling {
    HTTPSmuggling(name, start + "\r\n\r\n" + next, status)
  }

  static let cases = lengths + codings + lines + chunks + targets

  private static let lengths = [
    post("a length", "Content-Length: 2", "hi", nil),
    post("a length with zeros", "Content-Length: 002", "hi", nil),
    post("no length", "X: y", "", nil),
    post("two lengths", "Content-Length: 0\r\nContent-Length: 38"),
    post("one length twice", "Content-Length: 0\r\nContent-Length: 0"),
    post("lengths in a list", "Content-Length: 0, 38"),
    post("one length in a list", "Content-Length: 0, 0"),
    post("a length with a sign", "Content-Length: +0"),
    post("a negative length", "Content-Length: -38"),
    post("a hexadecimal length", "Content-Length: 0x26"),
    post("a length with a fraction", "Content-Length: 0.0"),
    post("a length with an exponent", "Content-Length: 0e1"),
    post("a length with a space inside", "Content-Length: 3 8"),
    post("a length with letters", "Content-Length: 0a"),
    post("an empty length", "Content-Length: "),
    post("a length in other digits", "Content-Length: ٠"),
    post("a length that overflows 64 bits", "Content-Length: 18446744073709551616", "", 413),
    post("a length that overflows anything", "Content-Length: 184467440737095516160"),
    post("a length behind a tab", "Content-Length:\t2", "hi", nil),
    post("a length behind a form feed", "Content-Length:\u{c}38"),
    post("a length beside a length of another name", "Content_Length: 38", "", nil),
    post("a length in quotes", "Content-Length: \"0\""),
  ]

  private static let codings = [
    post(
      "a length beside a coding", "Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
    post(
      "a coding beside a length", "Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n"),
    post("a coding in capitals", "TRANSFER-ENCODING: CHUNKED", "0\r\n\r\n", nil),
    post("a coding twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
    post("a coding and identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
    post("codings in a list", "Transfer-Encoding: gzip, chunked", "0\r\n\r\n"),
    post("chunked that is not last", "Transfer-Encoding: chunked, gzip", "0\r\n\r\n"),
    post("chunked twice in a list", "Transfer-Encoding: chunked, chunked", "0\r\n\r\n"),
    post("identity", "Transfer-Encoding: identity\r\nContent-Length: 0"),
    post("an unknown coding", "Transfer-Encoding: xchunked", "0\r\n\r\n"),
    post("a coding in quotes", "Transfer-Encoding: \"chunked\"", "0\r\n\r\n"),
    post("a coding with a parameter", "Transfer-Encoding: chunked;a=b", "0\r\n\r\n"),
    post("a coding with a comma", "Transfer-Encoding: ,chunked", "0\r\n\r\n"),
    post("an empty coding", "Transfer-Encoding:", "0\r\n\r\n"),
    post("a coding behind a vertical tab", "Transfer-Encoding:\u{b}chunked", "0\r\n\r\n"),
    post("a coding with a control character", "Transfer-Encoding: chunked\u{1}", "0\r\n\r\n"),
    post("a coding with a space before the colon", "Transfer-Encoding : chunked", "0\r\n\r\n"),
    post("a coding with a tab before the colon", "Transfer-Encoding\t: chunked", "0\r\n\r\n"),
    post("a coding on a folded line", "Transfer-Encoding:\r\n chunked", "0\r\n\r\n"),
    post("a coding that goes on", "X: y\r\n\tTransfer-Encoding: chunked", "0\r\n\r\n"),
    post("a coding behind a bare CR", "X: y\rTransfer-Encoding: chunked", "0\r\n\r\n"),
    post("a coding behind a bare LF", "X: y\nTransfer-Encoding: chunked", "0\r\n\r\n"),
    post("a coding behind NUL", "X: y\u{0}\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
    post("a coding that Connection names", "Connection: Transfer-Encoding", "", nil),
    get(
      "a coding beside a length in HTTP/1.0",
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 0"),
    HTTPSmuggling(
      "a coding in HTTP/1.0",
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next),
  ]

  private static let lines = [
    get("a space before the first field", "GET / HTTP/1.1\r\n Host: h"),
    get("LF behind the request line", "GET / HTTP/1.1\nHost: h"),
    get("LF behind a field", "GET / HTTP/1.1\r\nHost: h\nX: y"),
    get("LF as the empty line", "GET / HTTP/1.1\r\nHost: h\r\n\nX: y"),
    get("CR behind a field", "GET / HTTP/1.1\r\nHost: h\r\r\nX: y"),
    get("CR as the empty line", "GET / HTTP/1.1\r\nHost: h\r\n\rX: y"),
    get("an empty line before the request", "\r\nGET / HTTP/1.1\r\nHost: h"),
    get("a field without a name", "GET / HTTP/1.1\r\nHost: h\r\n: y"),
    get("a field without a colon", "GET / HTTP/1.1\r\nHost: h\r\nX"),
    get("a request as a field", "GET / HTTP/1.1\r\nHost: h\r\nGET /smuggled HTTP/1.1"),
    get("two Hosts", "GET / HTTP/1.1\r\nHost: h\r\nHost: other"),
    get("one Host twice", "GET / HTTP/1.1\r\nHost: h\r\nhost: h"),
    get("two Hosts in one", "GET / HTTP/1.1\r\nHost: h, other"),
    get("a user in Host", "GET / HTTP/1.1\r\nHost: h@other"),
    get("a path in Host", "GET / HTTP/1.1\r\nHost: h/../other"),
    get("no Host", "GET / HTTP/1.1\r\nX: y"),
    get("a Host with a space before the colon", "GET / HTTP/1.1\r\nHost : h"),
    get("a method with a space", " GET / HTTP/1.1\r\nHost: h"),
    get("two spaces", "GET  / HTTP/1.1\r\nHost: h"),
    get("a tab", "GET\t/ HTTP/1.1\r\nHost: h"),
    get("a space at the end", "GET / HTTP/1.1 \r\nHost: h"),
    get("a version in small letters", "GET / http/1.1\r\nHost: h"),
    get("no version", "GET /\r\nHost: h"),
    get("the beginning of HTTP/2", "PRI * HTTP/2.0", 505),
    get("HTTP/1.2", "GET / HTTP/1.2\r\nHost: h", 505),
    get("a longer version", "GET / HTTP/1.10\r\nHost: h"),
  ]

  private static let chunks = [
    chunked("chunks", "2\r\nhi\r\n0\r\n\r\n", nil),
    chunked("chunks with extensions", "2;a=b\r\nhi\r\n0;c\r\n\r\n", nil),
    chunked("chunks with a trailer", "2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n", nil),
    chunked("a chunk with zeros", "0002\r\nhi\r\n00\r\n\r\n", nil),
    chunked("a length with a prefix", "0x2\r\nhi\r\n0\r\n\r\n"),
    chunked("a length with a sign", "+2\r\nhi\r\n0\r\n\r\n"),
    chunked("a negative length", "-2\r\nhi\r\n0\r\n\r\n"),
    chunked("a length with a space behind", "2 \r\nhi\r\n0\r\n\r\n"),
    chunked("a length with a space before", " 2\r\nhi\r\n0\r\n\r\n"),
    chunked("a length with an underscore", "1_0\r\nhi\r\n0\r\n\r\n"),
    chunked("no length", "\r\nhi\r\n0\r\n\r\n"),
    chunked("a length that overflows 64 bits", "10000000000000002\r\nhi\r\n0\r\n\r\n"),
    chunked("a length of 64 bits", "ffffffffffffffff\r\nhi\r\n0\r\n\r\n", 413),
    chunked("a chunk that is longer", "2\r\nhi!\r\n0\r\n\r\n"),
    chunked("a chunk that ends with LF", "2\r\nhi\n0\r\n\r\n"),
    chunked("a chunk that ends with CR", "2\r\nhi\r0\r\n\r\n"),
    chunked("a length that ends with LF", "2\nhi\r\n0\r\n\r\n"),
    chunked("a length that ends with CR", "2\rhi\r\n0\r\n\r\n"),
    chunked("a last chunk that ends with LF", "2\r\nhi\r\n0\n\r\n"),
    chunked("an extension with LF", "2;a\nb\r\nhi\r\n0\r\n\r\n"),
    chunked("an extension with CR", "2;a\rb\r\nhi\r\n0\r\n\r\n"),
    chunked("an extension with NUL", "2;\u{0}\r\nhi\r\n0\r\n\r\n"),
    chunked("an extension without a semicolon", "2 a\r\nhi\r\n0\r\n\r\n"),
    chunked("a trailer that is a length", "0\r\nContent-Length: 38\r\n\r\n"),
    chunked("a trailer that is a coding", "0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    chunked("a trailer that is a Host", "0\r\nHost: other\r\n\r\n"),
    chunked("a trailer that is folded", "0\r\nX: y\r\n z\r\n\r\n"),
    chunked("a trailer that ends with LF", "0\r\nX: y\n\r\n"),
    chunked("a trailer that is a request", "0\r\nGET /smuggled HTTP/1.1\r\n\r\n"),
  ]

  private static let targets = [
    get("the absolute form", "GET http://H/a HTTP/1.1\r\nHost: h", nil),
    get("the absolute form of another host", "GET http://other/a HTTP/1.1\r\nHost: h"),
    get("the absolute form with a user", "GET http://h@other/a HTTP/1.1\r\nHost: h"),
    get("the absolute form of another scheme", "GET https://h/a HTTP/1.1\r\nHost: h"),
    get("the absolute form in two lines", "GET http://h\r\n/a HTTP/1.1\r\nHost: h"),
    get("CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h"),
    get("an authority", "GET h:443 HTTP/1.1\r\nHost: h"),
    get("an asterisk", "OPTIONS * HTTP/1.1\r\nHost: h", nil),
    get("an asterisk for GET", "GET * HTTP/1.1\r\nHost: h"),
    get("an escaped slash", "GET /a%2fb HTTP/1.1\r\nHost: h", nil),
    get("dots", "GET /a/../b HTTP/1.1\r\nHost: h"),
    get("escaped dots", "GET /a/%2e%2E/b HTTP/1.1\r\nHost: h"),
    get("an escaped line end", "GET /a%0d%0ab HTTP/1.1\r\nHost: h"),
    get("a fragment", "GET /a#b HTTP/1.1\r\nHost: h"),
    get("a backslash", "GET \\a HTTP/1.1\r\nHost: h"),
    get("other letters", "GET /é HTTP/1.1\r\nHost: h"),
    get("no UTF-8", "GET /%c0%ae%c0%ae/ HTTP/1.1\r\nHost: h"),
  ]
}
