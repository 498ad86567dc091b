internal import JSON
internal import Store
internal import Wire

extension CreateRequest {
  /// A digest of the body, to tell whether a repeated create is the same, however it is spelled and
  /// whether or not the answer is streamed. The key's owner could make two bodies collide, to
  /// nobody's harm but their own.
  var bodyDigest: [UInt8] {
    var text = CanonicalJSON()
    text.add(body.removing("stream", "stream_options"))
    return unsafe text.bytes.withUnsafeBytes { bytes in
      (0..<2).flatMap { seed in
        let hash = unsafe XXHash64.hash(bytes, seed: UInt64(seed))
        return (0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * $0)) }
      }
    }
  }
}
