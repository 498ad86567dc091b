/// One service that speaks the Responses API: `[upstreams.NAME]`.
package struct UpstreamConfiguration: Sendable, Equatable {
  /// Who keeps the context of a conversation.
  package enum State: String, Sendable, CaseIterable {
    /// The daemon sends the whole context each time, with `store:false`.
    case replay
    /// The upstream keeps it; it is sent again only when the upstream has lost it.
    case upstream
  }

  package struct Header: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package let name: String
  package var url: BaseURL
  package var keySource: APIKeySource
  /// The age at which what the source's command printed is asked for again; nil for never.
  package var keyRefresh: Duration?
  /// The header that carries the key; in `Authorization` it follows the word `Bearer`.
  package var keyHeader = Self.standardKeyHeader
  /// The names of models that are routed here.
  package var models: [Glob] = []
  package var state = State.replay
  /// Sent with every request, in their order.
  package var headers: [Header] = []
  package var maximumConcurrent = 16
  package var connectTimeout = Duration.seconds(5)
  package var firstEventTimeout = Duration.seconds(120)
  /// Whether the configuration names it; a background or reasoning request may wait longer
  /// only where it does not.
  package var isFirstEventTimeoutExplicit = false
  /// The longest silence within an answer; any byte ends it, SSE comments too.
  package var idleTimeout = Duration.seconds(300)
  package var totalTimeout = Duration.seconds(30 * 60)
  /// Tries after the first one.
  package var maximumRetries = 2
  /// Upstreams to try instead, in order, before the first output event only.
  package var fallback: [String] = []
  /// Whether the TLS connection is opened when a client connects.
  package var prewarm = true
  /// Whether the literal prefix of the glob that matched is cut from the model's name.
  package var stripPrefix = false
  /// A PEM file of the authorities to trust instead of the system's.
  package var certificateAuthorities: String?
  /// A PEM file of the certificate that the upstream asks for.
  package var clientCertificate: String?
  /// A PEM file of its private key; nil where the certificate's file holds it, too.
  package var clientKey: String?
  /// Whether it may be asked without TLS at a private address.
  package var allowsPlainHTTP = false
  package var proxy: ProxyConfiguration?

  package init(name: String, url: BaseURL) {
    self.name = name
    self.url = url
    keySource = .automatic(name)
  }

  /// Where it is, without a query; ends without a slash.
  package var baseURL: String { url.text }
  /// The one place that the key may be sent to.
  package var origin: UpstreamOrigin { url.origin }

  package static let standardKeyHeader = "Authorization"
  package static let builtInName = "cometapi"

  /// The upstream that is there without any file.
  package static let builtIn: UpstreamConfiguration = {
    let origin = UpstreamOrigin(scheme: .https, host: "api.cometapi.com", port: 443)
    let url = BaseURL(origin, path: "/v1")
    var upstream = UpstreamConfiguration(name: builtInName, url: url)
    upstream.models = [Glob("*")]
    return upstream
  }()
}
