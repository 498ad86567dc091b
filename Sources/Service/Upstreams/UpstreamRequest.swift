internal import EventLoop
internal import HTTPClient
internal import JSON

/// What one attempt needs: the HTTP request and the limits of its answer.
struct UpstreamRequest: Sendable {
  let http: HTTPRequest
  let key: APIKey?
  let firstEventTimeout: Duration
  let idleTimeout: Duration
  let maximumEventBytes: Int
  let maximumResponseBytes: Int

  init(
    _ upstream: UpstreamConfiguration, key: APIKey?, body: RawJSON, isStreaming: Bool,
    limits: LimitsConfiguration
  ) {
    var headers = [
      "Content-Type: application/json",
      "Accept: \(isStreaming ? "text/event-stream" : "application/json")",
    ]
    headers += Self.commonHeaders(upstream, key: key)
    http = HTTPRequest(
      .post, upstream.baseURL + "/responses", headers: headers, body: Array(body.bytes),
      connectTimeout: upstream.connectTimeout,
      certificateFile: upstream.certificateAuthorities)
    self.key = key
    idleTimeout = upstream.idleTimeout
    // An answer that is not streamed begins when the model has finished: unless somebody chose the
    // limit, it may be silent for as long as any other answer.
    firstEventTimeout =
      isStreaming || upstream.isFirstEventTimeoutExplicit
      ? upstream.firstEventTimeout : max(upstream.firstEventTimeout, upstream.idleTimeout)
    maximumEventBytes = limits.event
    maximumResponseBytes = limits.response
  }

  static func commonHeaders(_ upstream: UpstreamConfiguration, key: APIKey?) -> [String] {
    var headers = ["User-Agent: halleyd/\(halleyVersion)"]
    if let key { headers.append("Authorization: Bearer \(key.secret)") }
    return headers + upstream.headers.map { "\($0.name): \($0.value)" }
  }
}
