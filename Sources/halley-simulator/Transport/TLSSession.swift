internal import COpenSSL

/// Speaks TLS on one socket that blocks; used by one thread.
@safe final class TLSSession {
  private let session: OpaquePointer

  /// Takes over a session that has its socket.
  @unsafe init(_ session: OpaquePointer) {
    unsafe self.session = session
  }

  deinit {
    unsafe SSL_free(session)
  }

  /// Whether the peer brought a session along, so that no key exchange by certificate was needed.
  var isResumed: Bool { unsafe SSL_session_reused(session) == 1 }

  func accept() throws(ConnectionEnd) {
    guard unsafe SSL_accept(session) == 1 else { throw .peerGone }
  }

  /// Reads what has come and returns its length, 0 at the end.
  func read(into buffer: inout [UInt8]) throws(ConnectionEnd) -> Int {
    let capacity = Int32(clamping: buffer.count)
    let length = unsafe SSL_read(session, &buffer, capacity)
    if length > 0 { return Int(length) }
    guard unsafe SSL_get_error(session, length) == SSL_ERROR_ZERO_RETURN else { throw .peerGone }
    return 0
  }

  /// Writes and returns how many bytes were taken.
  func write(_ bytes: UnsafeRawBufferPointer) throws(ConnectionEnd) -> Int {
    let length = unsafe SSL_write(session, bytes.baseAddress, Int32(clamping: bytes.count))
    guard length > 0 else { throw .peerGone }
    return Int(length)
  }

  /// Says that nothing more will be written.
  func shutDown() {
    _ = unsafe SSL_shutdown(session)
  }
}
