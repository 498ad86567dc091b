internal import CCurl
internal import EventLoop
internal import Glibc

/// The way to the server: certificates, proxy, Unix socket.
extension Transfer {
  func configure(_ route: HTTPRoute) {
    let milliseconds = max(1, Int(route.connectTimeout.wholeMicroseconds / 1000))
    unsafe _ = halley_setopt_long(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds)
    if let authorities = route.authorities {
      unsafe _ = halley_setopt_string(easy, CURLOPT_CAINFO, authorities)
      unsafe _ = halley_setopt_string(easy, CURLOPT_PROXY_CAINFO, authorities)
    }
    if let certificate = route.clientCertificate {
      unsafe _ = halley_setopt_string(easy, CURLOPT_SSLCERT, certificate)
      unsafe _ = halley_setopt_string(easy, CURLOPT_SSLKEY, route.clientKey ?? certificate)
      // Without one OpenSSL would ask on the terminal for the passphrase of a key that has one.
      unsafe _ = halley_setopt_string(easy, CURLOPT_KEYPASSWD, "")
    }
    if let path = route.socketPath {
      unsafe _ = halley_setopt_string(easy, CURLOPT_UNIX_SOCKET_PATH, path)
      // A new connection costs nothing there, and no answer can belong to an earlier request.
      unsafe _ = halley_setopt_long(easy, CURLOPT_FORBID_REUSE, 1)
    }
    if let proxy = route.proxy { configure(proxy) }
  }

  private func configure(_ proxy: HTTPProxy) {
    unsafe _ = halley_setopt_string(easy, CURLOPT_PROXY, proxy.url)
    unsafe _ = halley_setopt_long(easy, CURLOPT_HTTPPROXYTUNNEL, 1)
    unsafe _ = halley_set_tls_function(
      easy, CurlCallbacks.beforeTLS, Unmanaged.passUnretained(self).toOpaque())
    guard let credentials = proxy.credentials else { return }
    unsafe _ = halley_setopt_string(easy, CURLOPT_PROXYUSERPWD, credentials)
  }

  /// The error of a failure before the server was reached, which libcurl's own text does not
  /// explain; nil for any other.
  func routeError(_ result: CURLcode, detail: String) -> HTTPError? {
    guard !hasBegun else { return nil }
    if let path = route?.socketPath { return socketError(result, path) }
    guard let proxy = route?.proxy, !hasReachedServer(through: proxy) else { return nil }
    var status = 0
    unsafe _ = halley_getinfo_long(easy, CURLINFO_HTTP_CONNECTCODE, &status)
    if status >= 300 { return HTTPError(proxy, status: status) }
    return Self.isOurs(result) ? nil : HTTPError(proxy, detail: detail)
  }

  /// Whether the proxy's part is done: the last handshake is that with the server, and without one
  /// the request follows at once.
  private func hasReachedServer(through proxy: HTTPProxy) -> Bool {
    handshakes > (proxy.url.hasPrefix("https:") ? 1 : 0)
  }

  /// Whether something is missing on this side of any connection.
  private static func isOurs(_ result: CURLcode) -> Bool {
    switch result {
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT,
      CURLE_OUT_OF_MEMORY, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE:
      true
    default: false
    }
  }

  private func socketError(_ result: CURLcode, _ path: String) -> HTTPError? {
    guard result == CURLE_COULDNT_CONNECT else { return nil }
    var number = 0
    unsafe _ = halley_getinfo_long(easy, CURLINFO_OS_ERRNO, &number)
    let reason = unsafe String(cString: strerror(Int32(clamping: number)))
    return HTTPError(.connect, "no connection to the socket \(path): \(reason)")
  }
}

extension HTTPError {
  fileprivate init(_ proxy: HTTPProxy, status: Int) {
    let reason = status == 407 ? "; it asks for another user or password" : ""
    self.init(.proxy, "the proxy \(proxy.url) answered \(status) to CONNECT\(reason)")
    self.proxy = proxy.url
    proxyStatus = status
  }

  fileprivate init(_ proxy: HTTPProxy, detail: String) {
    self.init(.proxy, "the proxy \(proxy.url) made no connection: \(detail)")
    self.proxy = proxy.url
  }
}
