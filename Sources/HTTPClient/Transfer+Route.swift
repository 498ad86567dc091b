internal import CCurl
internal import EventLoop

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
    self.proxy = proxy
    unsafe _ = halley_setopt_string(easy, CURLOPT_PROXY, proxy.url)
    unsafe _ = halley_setopt_string(
      easy, CURLOPT_NOPROXY, proxy.exceptions.joined(separator: ","))
    unsafe _ = halley_setopt_long(easy, CURLOPT_HTTPPROXYTUNNEL, 1)
    guard let credentials = proxy.credentials else { return }
    unsafe _ = halley_setopt_string(easy, CURLOPT_PROXYUSERPWD, credentials)
  }

  /// What went wrong at the proxy, before it reached the server; nil for anything else.
  func proxyError(_ result: CURLcode, detail: String) -> HTTPError? {
    guard let proxy, !hasBegun else { return nil }
    var status = 0
    var verification = 0
    unsafe _ = halley_getinfo_long(easy, CURLINFO_HTTP_CONNECTCODE, &status)
    unsafe _ = halley_getinfo_long(easy, CURLINFO_PROXY_SSL_VERIFYRESULT, &verification)
    if status >= 300 { return HTTPError(proxy, status: status) }
    let isAtProxy =
      switch result {
      case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY, CURLE_SEND_ERROR, CURLE_RECV_ERROR,
        CURLE_GOT_NOTHING:
        true
      // libcurl 7.88 does not tell whether it was the proxy that it connected to.
      case CURLE_COULDNT_CONNECT: detail.contains(proxy.place)
      default: verification != 0
      }
    return isAtProxy ? HTTPError(proxy, detail: detail) : nil
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
