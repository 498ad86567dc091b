internal import Configuration
internal import Glibc
internal import Wire

/// Secrets by which callers are known; of those that are given out nothing but the digest is kept.
enum TokenSecret {
  /// A new token.
  static func token() throws(RPCError) -> String { TokenText.text(try random()) }

  /// A new code, which is exchanged once for a token.
  static func code() throws(RPCError) -> String { TokenText.base64URL(try random()) }

  /// What is kept of a secret.
  ///
  /// It is also what secrets are looked up by. The time of a look-up tells at most how much of two
  /// digests agrees, and nobody can choose texts by their digests; so no comparison of the secrets
  /// themselves, whose time could lead to one byte by byte, is ever made. There are 256 random bits in
  /// a secret: guessing needs no slow hash to be hopeless.
  static func digest(_ secret: String) -> [UInt8] { SHA256.digest(Array(secret.utf8)).bytes }

  private static func random() throws(RPCError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: TokenText.secretBytes)
    // getrandom(2); up to 256 bytes come whole.
    guard unsafe getentropy(&bytes, bytes.count) == 0 else {
      let reason = unsafe String(cString: strerror(errno))
      throw RPCError(.internal, "the system gives no random bytes: \(reason)")
    }
    return bytes
  }
}
