internal import CCurl

/// Why a transfer ended without a whole answer.
package struct HTTPError: Error, Sendable {
  package enum Code: Sendable, Equatable {
    case resolve
    case connect
    case tls
    /// The proxy did not make a connection to the server.
    case proxy
    /// The connection took longer than the request allows.
    case connectTimeout
    /// The request could not be sent, or nothing came back.
    case send
    /// The answer broke off.
    case receive
    /// Not HTTP, or over a limit.
    case protocolViolation
    /// The request itself can't be sent: a byte that no header may hold, an unusable URL.
    case unusableRequest
    case outOfMemory
    /// This process has no descriptor left, or the kernel no place to watch one.
    case exhausted
  }

  package let code: Code
  /// For people; never holds header values.
  package let message: String
  /// The proxy that failed; its URL holds no password.
  package internal(set) var proxy: String?
  /// What it answered instead of making a tunnel, where it is an HTTP proxy.
  package internal(set) var proxyStatus: Int?

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// Sorts a CURLcode (libcurl-errors(3)).
  init(_ result: CURLcode, hasConnected: Bool, detail: String) {
    // How libcurl 7.88 calls it, too, when a line of the answer's head is longer than it takes.
    let isLine = result == CURLE_OUT_OF_MEMORY && hasConnected
    let name =
      isLine ? "a header field is too long" : unsafe String(cString: curl_easy_strerror(result))
    self.init(
      Self.code(result, hasConnected: hasConnected), detail.isEmpty ? name : "\(name): \(detail)")
  }

  private static func code(_ result: CURLcode, hasConnected: Bool) -> Code {
    switch result {
    case CURLE_COULDNT_RESOLVE_HOST: .resolve
    case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED: .connect
    case CURLE_OPERATION_TIMEDOUT: hasConnected ? .receive : .connectTimeout
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
      CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CACERT_BADFILE,
      CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED,
      CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CRL_BADFILE,
      CURLE_USE_SSL_FAILED:
      .tls
    case CURLE_SEND_ERROR, CURLE_SEND_FAIL_REWIND: .send
    case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2,
      CURLE_HTTP2_STREAM, CURLE_SSL_SHUTDOWN_FAILED:
      .receive
    case CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT: .unusableRequest
    // Behind a request it is the answer that is no HTTP/1.1 or later.
    case CURLE_UNSUPPORTED_PROTOCOL: hasConnected ? .protocolViolation : .unusableRequest
    case CURLE_OUT_OF_MEMORY: hasConnected ? .protocolViolation : .outOfMemory
    default: .protocolViolation
    }
  }
}
