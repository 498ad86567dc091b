internal import CCurl

/// The options of every transfer, after libcurl-security(3).
enum CurlProfile {
  /// One read's worth; a stream's events are small, and every connection holds one.
  private static let bufferBytes = 16 * 1024
  /// How long an idle connection is trusted to be alive. Many servers close after 120 s.
  private static let maximumIdleSeconds = 118
  /// A connection outlives neither a change of certificate nor of address by more than this.
  private static let maximumLifetimeSeconds = 3600

  private static let keepaliveIdleSeconds = 20
  private static let keepaliveIntervalSeconds = 5

  /// CURLAUTH_BASIC, whose definition Swift cannot read: a user and a password, as they are.
  private static let basicAuthentication = 1

  private static let texts: [(CURLoption, String)] = [
    // The configuration lets plain http through for literal addresses nearby only.
    (CURLOPT_PROTOCOLS_STR, "http,https"),
    (CURLOPT_REDIR_PROTOCOLS_STR, ""),
    // An empty text keeps libcurl from the variables of the environment.
    (CURLOPT_PROXY, ""),
    (CURLOPT_NOPROXY, ""),
  ]

  private static let numbers: [(CURLoption, Int)] = [
    (CURLOPT_FOLLOWLOCATION, 0),
    (CURLOPT_MAXREDIRS, 0),
    (CURLOPT_UNRESTRICTED_AUTH, 0),
    (CURLOPT_NETRC, 0),
    (CURLOPT_DISALLOW_USERNAME_IN_URL, 1),
    (CURLOPT_SSL_VERIFYPEER, 1),
    (CURLOPT_SSL_VERIFYHOST, 2),
    (CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
    (CURLOPT_PROXY_SSL_VERIFYPEER, 1),
    (CURLOPT_PROXY_SSL_VERIFYHOST, 2),
    (CURLOPT_PROXY_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
    (CURLOPT_PROXYAUTH, basicAuthentication),
    (CURLOPT_SOCKS5_AUTH, basicAuthentication),
    (CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
    (CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS)),
    // Requests never wait to see whether a connection under way will carry several: of those that
    // wait, libcurl 7.88 lets one go for each transfer that ends.
    (CURLOPT_PIPEWAIT, 0),
    (CURLOPT_NOSIGNAL, 1),
    // A transfer that is given up while a name is looked up would wait for getaddrinfo(3) to
    // return, and the loop with it.
    (CURLOPT_QUICK_EXIT, 1),
    (CURLOPT_TCP_NODELAY, 1),
    // A connection that is lost without a word ends within half a minute: see TCPOptions.
    (CURLOPT_TCP_KEEPALIVE, 1),
    (CURLOPT_TCP_KEEPIDLE, keepaliveIdleSeconds),
    (CURLOPT_TCP_KEEPINTVL, keepaliveIntervalSeconds),
    (CURLOPT_BUFFERSIZE, bufferBytes),
    (CURLOPT_MAXAGE_CONN, maximumIdleSeconds),
    (CURLOPT_MAXLIFETIME_CONN, maximumLifetimeSeconds),
  ]

  static func apply(
    to easy: UnsafeMutableRawPointer, share: UnsafeMutableRawPointer,
    context: UnsafeMutableRawPointer
  ) {
    for (option, value) in texts { unsafe _ = halley_setopt_string(easy, option, value) }
    for (option, value) in numbers { unsafe _ = halley_setopt_long(easy, option, value) }
    unsafe _ = halley_setopt_pointer(easy, CURLOPT_SHARE, share)
    unsafe _ = halley_set_socket_functions(
      easy, CurlCallbacks.openSocket, CurlCallbacks.closeSocket, context)
    unsafe _ = halley_set_prereq_function(easy, CurlCallbacks.beforeRequest)
    unsafe _ = halley_setopt_data_function(easy, CURLOPT_WRITEFUNCTION, CurlCallbacks.write)
    unsafe _ = halley_setopt_data_function(easy, CURLOPT_HEADERFUNCTION, CurlCallbacks.header)
  }
}
