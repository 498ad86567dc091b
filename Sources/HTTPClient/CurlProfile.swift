internal import CCurl

/// The options of every transfer, after libcurl-security(3).
enum CurlProfile {
  /// One read's worth; a stream's events are small, and every connection holds one.
  private static let bufferBytes = 16 * 1024
  /// How long an idle connection is trusted to be alive. Many servers close after 120 s.
  private static let maximumIdleSeconds = 118
  /// A connection outlives neither a change of certificate nor of address by more than this.
  private static let maximumLifetimeSeconds = 3600

  static func apply(
    to easy: UnsafeMutableRawPointer, share: UnsafeMutableRawPointer,
    context: UnsafeMutableRawPointer
  ) {
    func set(_ option: CURLoption, _ value: Int) {
      unsafe _ = halley_setopt_long(easy, option, value)
    }
    func set(_ option: CURLoption, _ value: String) {
      unsafe _ = halley_setopt_string(easy, option, value)
    }
    // The configuration lets plain http through for literal loopback addresses only.
    set(CURLOPT_PROTOCOLS_STR, "http,https")
    set(CURLOPT_REDIR_PROTOCOLS_STR, "")
    set(CURLOPT_FOLLOWLOCATION, 0)
    set(CURLOPT_MAXREDIRS, 0)
    set(CURLOPT_UNRESTRICTED_AUTH, 0)
    set(CURLOPT_NETRC, 0)
    set(CURLOPT_PROXY, "")
    set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
    set(CURLOPT_SSL_VERIFYPEER, 1)
    set(CURLOPT_SSL_VERIFYHOST, 2)
    set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
    // Requests never wait to see whether a connection under way will carry several: of those that
    // wait, libcurl 7.88 lets one go for each transfer that ends.
    set(CURLOPT_PIPEWAIT, 0)
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_TCP_NODELAY, 1)
    set(CURLOPT_TCP_KEEPALIVE, 1)
    set(CURLOPT_BUFFERSIZE, bufferBytes)
    set(CURLOPT_MAXAGE_CONN, maximumIdleSeconds)
    set(CURLOPT_MAXLIFETIME_CONN, maximumLifetimeSeconds)
    unsafe _ = halley_setopt_pointer(easy, CURLOPT_SHARE, share)
    unsafe _ = halley_set_socket_functions(
      easy, CurlCallbacks.openSocket, CurlCallbacks.closeSocket, context)
    unsafe _ = halley_setopt_data_function(easy, CURLOPT_WRITEFUNCTION, CurlCallbacks.write)
    unsafe _ = halley_setopt_data_function(easy, CURLOPT_HEADERFUNCTION, CurlCallbacks.header)
  }
}
