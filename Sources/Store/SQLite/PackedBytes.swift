internal import CZlib

/// Bytes as they stand in a column: deflated (RFC 1950) where that saves room, else as they are.
///
/// What is deflated begins with four bytes of 0xFF and its size before, four bytes, least
/// significant first. Neither JSON nor the events of a log begin so. What is read comes out as the
/// same bytes or as none; checksums are of what came out.
package enum PackedBytes {
  private static let marker: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
  private static let headerSize = 8
  /// Less is not worth the time.
  private static let smallest = 512
  /// Events and objects shrink to a sixth and less on the fastest level, and hardly more on others.
  private static let level: Int32 = 1
  /// Deflate makes no more of a byte (https://zlib.net/zlib_tech.html).
  private static let largestRatio = 1032

  package static func pack(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard bytes.count >= smallest, let size = UInt32(exactly: bytes.count),
      let deflated = deflate(bytes), deflated.count < bytes.count - bytes.count / 8
    else { return bytes }
    let header = marker + (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }
    return (header + deflated)[...]
  }

  /// The bytes that were packed; nil for what was not made by `pack`.
  package static func unpack(_ stored: [UInt8]) -> [UInt8]? {
    guard stored.starts(with: marker) else { return stored }
    guard stored.count > headerSize else { return nil }
    let size = (0..<4).reduce(0) { $0 | Int(stored[4 + $1]) << (8 * $1) }
    guard size <= (stored.count - headerSize) * largestRatio else { return nil }
    return inflate(stored[headerSize...], size: size)
  }

  private static func deflate(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
    let room = Int(compressBound(uLong(bytes.count)))
    var code = Z_OK
    let deflated = unsafe [UInt8](unsafeUninitializedCapacity: room) { target, count in
      var written = uLongf(room)
      code = unsafe bytes.withUnsafeBufferPointer { source in
        unsafe compress2(
          target.baseAddress, &written, source.baseAddress, uLong(source.count), level)
      }
      count = code == Z_OK ? Int(written) : 0
    }
    return code == Z_OK ? deflated : nil
  }

  private static func inflate(_ bytes: ArraySlice<UInt8>, size: Int) -> [UInt8]? {
    var code = Z_OK
    let inflated = unsafe [UInt8](unsafeUninitializedCapacity: size) { target, count in
      var written = uLongf(size)
      code = unsafe bytes.withUnsafeBufferPointer { source in
        unsafe uncompress(target.baseAddress, &written, source.baseAddress, uLong(source.count))
      }
      count = code == Z_OK ? Int(written) : 0
    }
    return code == Z_OK && inflated.count == size ? inflated : nil
  }
}
