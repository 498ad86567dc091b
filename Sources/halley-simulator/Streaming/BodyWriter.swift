/// Writes a body of unknown length in chunks (RFC 9112, section 7.1) of the wanted shape.
final class BodyWriter {
  /// More is written at once; what a socket takes without blocking is about as much.
  private static let flushBytes = 64 << 10

  private static let lineEnd: [UInt8] = [0x0D, 0x0A]
  private static let digits = Array("0123456789abcdef".utf8)

  private let channel: Channel
  private let framing: Framing
  private var gzip: GzipStream?
  /// Bytes of the body that are in no chunk yet.
  private var pending: [UInt8] = []
  /// Bytes that are ready to be written.
  private var ready: [UInt8] = []

  /// - Parameter head: what comes before the body.
  init(_ channel: Channel, _ framing: Framing, head: [UInt8]) {
    self.channel = channel
    self.framing = framing
    gzip = framing.isCompressed ? GzipStream() : nil
    ready = head
  }

  /// Adds to the body; the closure appends to what it is given.
  func append(_ body: (inout [UInt8]) -> Void) {
    body(&pending)
  }

  /// Says that an event ends here.
  func endEvent() throws(ConnectionEnd) {
    if framing.chunks == .event { cut() }
    if framing.isFlushed || pending.count + ready.count >= Self.flushBytes { try flush() }
  }

  func flush() throws(ConnectionEnd) {
    cut()
    guard !ready.isEmpty else { return }
    var bytes: [UInt8] = []
    swap(&bytes, &ready)
    if framing.isDripped {
      try drip(bytes)
    } else {
      try channel.write(bytes.span)
    }
    // The storage goes back, to be filled again.
    bytes.removeAll(keepingCapacity: true)
    swap(&bytes, &ready)
  }

  private func drip(_ bytes: [UInt8]) throws(ConnectionEnd) {
    for byte in bytes {
      let single = [byte]
      try channel.write(single.span)
      if framing.dripDelay > 0 { try channel.wait(until: Clock.monotonic() + framing.dripDelay) }
    }
  }

  /// Ends the body.
  func finish() throws(ConnectionEnd) {
    cut()
    if let end = gzip?.end() { appendChunk(end[...]) }
    if framing.chunks != .none { ready.append(contentsOf: "0\r\n\r\n".utf8) }
    try flush()
  }

  /// Puts what is pending into chunks.
  private func cut() {
    guard !pending.isEmpty else { return }
    defer { pending.removeAll(keepingCapacity: true) }
    let body = gzip?.append(pending)[...] ?? pending[...]
    if case .bytes(let size) = framing.chunks {
      var rest = body
      while !rest.isEmpty {
        appendChunk(rest.prefix(size))
        rest = rest.dropFirst(size)
      }
    } else {
      appendChunk(body)
    }
  }

  private func appendChunk(_ body: ArraySlice<UInt8>) {
    guard framing.chunks != .none else {
      ready.append(contentsOf: body)
      return
    }
    appendLength(body.count)
    ready.append(contentsOf: Self.lineEnd)
    ready.append(contentsOf: body)
    ready.append(contentsOf: Self.lineEnd)
  }

  /// Appends a chunk's length without making a string, as there may be a million chunks a second.
  private func appendLength(_ length: Int) {
    let digits = (Int.bitWidth - length.leadingZeroBitCount + 3) / 4
    for position in (0..<digits).reversed() {
      ready.append(Self.digits[length >> (4 * position) & 15])
    }
  }
}
