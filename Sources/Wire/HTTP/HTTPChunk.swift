/// The chunked coding of a body (RFC 9112, section 7.1).
package enum HTTPChunk {
  /// The end of a body.
  package static let last = Array("0\r\n\r\n".utf8)[...]

  private static let end = Array("\r\n".utf8)[...]

  /// Makes one chunk of pieces; none where they are empty, because an empty chunk is the last one.
  package static func frame(_ pieces: [ArraySlice<UInt8>]) -> [ArraySlice<UInt8>] {
    let count = pieces.reduce(0) { $0 + $1.count }
    guard count > 0 else { return [] }
    return [Array((String(count, radix: 16) + "\r\n").utf8)[...]] + pieces + [end]
  }
}
