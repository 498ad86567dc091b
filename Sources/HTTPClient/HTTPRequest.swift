/// One HTTP request to an upstream.
package struct HTTPRequest: Sendable {
  package enum Method: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case delete = "DELETE"
  }

  package var method: Method
  /// Absolute, from the configuration; the bytes 0x21–0x7E only.
  package var url: String
  /// Field lines `Name: value`, checked at the configuration's door and again in the transfer.
  package var headers: [String]
  package var body: [UInt8]?
  package var route: HTTPRoute
  /// Whether no connection of the pool may carry it (421 Misdirected Request, RFC 9110).
  package var isOnNewConnection = false

  package init(
    _ method: Method, _ url: String, headers: [String] = [], body: [UInt8]? = nil,
    route: HTTPRoute
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.route = route
  }
}

/// The status line and header fields of an answer.
package struct HTTPHead: Sendable {
  package let status: Int
  /// Names in lower case, in the order of arrival.
  package let fields: [(name: String, value: String)]

  package init(status: Int, fields: [(name: String, value: String)]) {
    self.status = status
    self.fields = fields
  }

  /// The first value of a field.
  package subscript(name: String) -> String? {
    fields.first { $0.name == name }?.value
  }

  /// The type of its content without parameters, in lower case; nil where it names none.
  package var mediaType: String? {
    self["content-type"].map { value in
      let type = value.utf8.prefix { $0 != UInt8(ascii: ";") }
      return String(decoding: type.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
  }
}
