/// A request without its body (RFC 9110, section 6; RFC 9112, sections 2 to 6).
package struct HTTPRequestHead: Sendable {
  package enum Version: Sendable {
    case http10, http11
  }

  /// How long the body is said to be.
  package enum Body: Equatable, Sendable {
    /// Bytes; 0 where there is none.
    case length(Int)
    case chunked
  }

  package struct Field: Sendable {
    /// As it was written.
    package let name: ArraySlice<UInt8>
    /// Without the white space around it; not necessarily UTF-8.
    package let value: ArraySlice<UInt8>

    /// - Parameter other: a name in lower case.
    func isNamed(_ other: String) -> Bool {
      name.count == other.utf8.count
        && zip(name, other.utf8).allSatisfy { $0.lowercased == $1 }
    }
  }

  /// In the case in which it was written, which counts.
  package let method: String
  package let target: HTTPTarget
  package let version: Version
  /// In their order.
  package let fields: [Field]
  package let body: Body
  /// Whom the request is for, host and port in lower case: the one Host, with which the target
  /// agrees if it names one. nil only where HTTP/1.0 says nothing.
  package let authority: String?

  package var hasBody: Bool { body != .length(0) }

  /// The value of a field, whose name is given in lower case.
  ///
  /// The values of several are joined by a comma (RFC 9110, section 5.3). None of them hides: two of
  /// a field that may come once are together no value that anybody allows.
  package subscript(name: String) -> String? {
    var value: String?
    for field in fields where field.isNamed(name) {
      let text = String(decoding: field.value, as: UTF8.self)
      value = value.map { "\($0), \(text)" } ?? text
    }
    return value
  }

  /// Whether the peer may send another request on this connection (RFC 9112, section 9.3).
  package var isKeptAlive: Bool {
    let options = list("connection")
    return !options.contains("close") && (version == .http11 || options.contains("keep-alive"))
  }

  /// Whether the peer waits for `100 Continue` before it sends its body (RFC 9110, section 10.1.1).
  package var expectsContinue: Bool {
    version == .http11 && hasBody && list("expect").contains("100-continue")
  }

  /// The protocols that the peer would rather speak, in lower case (RFC 9110, section 7.8).
  package var upgrade: [String] {
    version == .http11 && list("connection").contains("upgrade") ? list("upgrade") : []
  }

  /// The members of a list (RFC 9110, section 5.6.1), in lower case.
  private func list(_ name: String) -> [String] {
    var members: [String] = []
    for field in fields where field.isNamed(name) {
      for member in field.value.split(separator: UInt8(ascii: ",")) {
        let word = member.withoutOuterSpaces
        guard !word.isEmpty else { continue }
        members.append(String(decoding: word.map(\.lowercased), as: UTF8.self))
      }
    }
    return members
  }
}
