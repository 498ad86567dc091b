internal import Configuration
internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Wire

/// What one attempt needs: the HTTP request and the limits of its answer.
struct UpstreamRequest: Sendable {
  let http: HTTPRequest
  /// Takes the key out of what comes back; nil where there is none.
  let redactor: KeyRedactor?
  let firstEventTimeout: Duration
  let idleTimeout: Duration
  let maximumEventBytes: Int
  let maximumResponseBytes: Int

  init(
    _ upstream: UpstreamConfiguration, at address: UpstreamAddress, body: RawJSON,
    isStreaming: Bool, isOnNewConnection: Bool = false, limits: LimitsConfiguration
  ) {
    var request = isStreaming ? address.streaming : address.whole
    request.body = Array(body.bytes)
    request.isOnNewConnection = isOnNewConnection
    http = request
    redactor = address.redactor
    idleTimeout = upstream.idleTimeout
    // An answer that is not streamed begins when the model has finished: unless somebody chose the
    // limit, it may be silent for as long as any other answer.
    firstEventTimeout =
      isStreaming || upstream.isFirstEventTimeoutExplicit
      ? upstream.firstEventTimeout : max(upstream.firstEventTimeout, upstream.idleTimeout)
    maximumEventBytes = limits.event
    maximumResponseBytes = limits.response
  }

  /// Goes on with a response that the upstream runs by itself.
  ///
  /// - Parameter next: the number of the first event that is missing; nil to ask for the response as
  ///   it stands.
  init(
    resuming id: String, from next: Int?, _ upstream: UpstreamConfiguration, key: APIKey?,
    redactor: KeyRedactor?, limits: LimitsConfiguration
  ) {
    let query = next.map { $0 > 0 ? "stream=true&starting_after=\($0 - 1)" : "stream=true" }
    http = HTTPRequest(
      .get, upstream.url.appending("/responses/" + Self.encoded(id), query: query ?? ""),
      headers: ["Accept: \(query == nil ? "application/json" : "text/event-stream")"]
        + Self.commonHeaders(upstream, key: key),
      route: upstream.route)
    self.redactor = redactor
    idleTimeout = upstream.idleTimeout
    firstEventTimeout = upstream.firstEventTimeout
    maximumEventBytes = limits.event
    maximumResponseBytes = limits.response
  }

  /// An id as a part of a path; what is no plain character is percent-encoded (RFC 3986, section
  /// 2.1).
  static func encoded(_ id: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var path: [UInt8] = []
    for byte in id.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: path.append(byte)
      default: path += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: path, as: UTF8.self)
  }

  /// Asks for what costs nothing.
  ///
  /// - Parameter path: behind the upstream's base URL.
  static func get(_ path: String, _ upstream: UpstreamConfiguration, key: APIKey?) -> HTTPRequest {
    HTTPRequest(
      .get, upstream.url.appending(path), headers: commonHeaders(upstream, key: key),
      route: upstream.route)
  }

  static func post(
    _ path: String, _ body: RawJSON?, _ upstream: UpstreamConfiguration, key: APIKey?
  ) -> HTTPRequest {
    let type = body == nil ? [] : ["Content-Type: application/json"]
    return HTTPRequest(
      .post, upstream.url.appending(path),
      headers: type + ["Accept: application/json"] + commonHeaders(upstream, key: key),
      body: body.map { Array($0.bytes) } ?? [], route: upstream.route)
  }

  static func commonHeaders(_ upstream: UpstreamConfiguration, key: APIKey?) -> [String] {
    var headers = ["User-Agent: halleyd/\(Version.text)"]
    if let key { headers.append("\(upstream.keyHeader): \(upstream.keyPrefix)\(key.secret)") }
    return headers + upstream.headers.map { "\($0.name): \($0.value)" }
  }
}

/// What the requests to an upstream with one key have in common: all but their bodies.
struct UpstreamAddress: Sendable {
  let key: APIKey?
  /// A request for a response as a stream, without its body.
  let streaming: HTTPRequest
  /// The same for a response in one piece.
  let whole: HTTPRequest
  let redactor: KeyRedactor?

  init(_ upstream: UpstreamConfiguration, key: APIKey?) {
    let common = UpstreamRequest.commonHeaders(upstream, key: key)
    func request(accepting type: String) -> HTTPRequest {
      HTTPRequest(
        .post, upstream.url.appending("/responses"),
        headers: ["Content-Type: application/json", "Accept: \(type)"] + common,
        route: upstream.route)
    }
    self.key = key
    streaming = request(accepting: "text/event-stream")
    whole = request(accepting: "application/json")
    redactor = upstream.redactor(key)
  }
}

extension UpstreamConfiguration {
  /// RFC 6750, section 2.1; other headers carry the key alone.
  fileprivate var keyPrefix: String {
    keyHeader.lowercased() == Self.standardKeyHeader.lowercased() ? "Bearer " : ""
  }

  /// Takes out what requests log in with.
  func redactor(_ key: APIKey?) -> KeyRedactor? {
    let secrets = headers.filter { HeaderField.isSecret($0.name) }.map { header in
      // The scheme is none (RFC 9110, section 11.4).
      header.value.split(separator: " ").last.map { String($0) } ?? ""
    }
    return KeyRedactor((key.map { [$0.secret] } ?? []) + secrets.filter { !$0.isEmpty })
  }

  var route: HTTPRoute {
    var route = HTTPRoute(connectTimeout: connectTimeout)
    route.authorities = certificateAuthorities
    route.clientCertificate = clientCertificate
    route.clientKey = clientKey
    route.socketPath = origin.socketPath
    if let proxy, proxy.serves(origin.host) {
      route.proxy = HTTPProxy(url: proxy.url, credentials: proxy.credentials?.secret)
    }
    return route
  }
}
