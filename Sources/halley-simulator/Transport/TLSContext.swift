internal import COpenSSL
internal import Glibc

/// Holds the certificate and the private key that TLS connections are accepted with.
///
/// An `SSL_CTX` may be shared by threads once it is set up.
@safe final class TLSContext: @unchecked Sendable {
  private let context: OpaquePointer

  /// Reads both from PEM files; the certificate's file may hold a chain.
  init(certificate: String, privateKey: String) throws(SystemError) {
    guard let context = unsafe SSL_CTX_new(TLS_server_method()) else {
      throw Self.lastError("SSL_CTX_new")
    }
    unsafe self.context = context
    guard unsafe halley_ssl_restrict(context) == 1 else {
      throw Self.lastError("SSL_CTX_set_min_proto_version")
    }
    unsafe halley_ssl_offer_http11(context)
    guard unsafe SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
      throw Self.lastError("reading the certificate \(certificate)")
    }
    guard unsafe SSL_CTX_use_PrivateKey_file(context, privateKey, SSL_FILETYPE_PEM) == 1 else {
      throw Self.lastError("reading the private key \(privateKey)")
    }
  }

  deinit {
    unsafe SSL_CTX_free(context)
  }

  /// Prepares the server's side of a connection on a connected socket.
  func makeSession(_ descriptor: Int32) throws(SystemError) -> TLSSession {
    guard let session = unsafe SSL_new(context) else { throw Self.lastError("SSL_new") }
    guard unsafe SSL_set_fd(session, descriptor) == 1 else {
      unsafe SSL_free(session)
      throw Self.lastError("SSL_set_fd")
    }
    return unsafe TLSSession(session)
  }

  private static func lastError(_ operation: String) -> SystemError {
    var text = [CChar](repeating: 0, count: 256)
    let length = text.count
    unsafe ERR_error_string_n(ERR_get_error(), &text, length)
    let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return SystemError(operation, reason: String(decoding: bytes, as: UTF8.self))
  }
}
