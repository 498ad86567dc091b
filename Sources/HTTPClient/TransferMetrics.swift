internal import CCurl

/// What libcurl measured of a transfer (curl_easy_getinfo(3)).
package struct TransferMetrics: Sendable {
  /// Whether a connection of the pool served it, without a handshake.
  package let reusedConnection: Bool
  /// From the start until the connection, with TLS, was ready; zero on a reused one.
  package let connect: Duration
  /// Whether any of the request may have arrived: up to then a retry is always safe.
  package let requestSent: Bool
  /// 2 or 3 for HTTP/2 and HTTP/3, else 1.
  package let httpVersion: Int
  /// The local port, by which connections to one upstream can be told apart; nil before there is one.
  package let connection: Int?

  init(of easy: UnsafeMutableRawPointer, requestSent: Bool) {
    var connects = 0
    var version = 0
    var port = 0
    var connected: curl_off_t = 0
    var secured: curl_off_t = 0
    var ready: curl_off_t = 0
    unsafe _ = halley_getinfo_long(easy, CURLINFO_NUM_CONNECTS, &connects)
    unsafe _ = halley_getinfo_long(easy, CURLINFO_HTTP_VERSION, &version)
    unsafe _ = halley_getinfo_long(easy, CURLINFO_LOCAL_PORT, &port)
    unsafe _ = halley_getinfo_offset(easy, CURLINFO_CONNECT_TIME_T, &connected)
    unsafe _ = halley_getinfo_offset(easy, CURLINFO_APPCONNECT_TIME_T, &secured)
    unsafe _ = halley_getinfo_offset(easy, CURLINFO_PRETRANSFER_TIME_T, &ready)
    reusedConnection = connects == 0 && ready > 0
    connect = .microseconds(reusedConnection ? 0 : max(connected, secured))
    self.requestSent = requestSent
    httpVersion = version == CURL_HTTP_VERSION_2_0 ? 2 : 1
    connection = port > 0 ? port : nil
  }
}
