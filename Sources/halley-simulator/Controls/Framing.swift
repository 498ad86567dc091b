/// How events are spelled as bytes and cut into chunks and writes.
struct Framing: Sendable {
  enum Chunks: Sendable, Equatable {
    /// One for each write.
    case write
    case event
    case bytes(Int)
    /// None: the body ends with the connection.
    case none
  }

  let lineEnd: [UInt8]
  let hasEventLine: Bool
  let hasSpace: Bool
  let hasComments: Bool
  let isDataSplit: Bool
  let hasFinalBlankLine: Bool
  /// Whether `[DONE]` ends the stream.
  let hasDone: Bool
  let chunks: Chunks
  /// Whether every event is a write of its own, even if nothing is waited for.
  let isFlushed: Bool
  /// Whether every byte is a write of its own.
  let isDripped: Bool
  /// Nanoseconds between bytes.
  let dripDelay: UInt64
  let isCompressed: Bool

  init(_ reader: ControlReader) throws(APIError) {
    let isCR = try reader.flag("cr")
    lineEnd = try reader.flag("crlf") ? [0x0D, 0x0A] : isCR ? [0x0D] : [0x0A]
    hasEventLine = try !reader.flag("no_event_line")
    hasSpace = try !reader.flag("no_space")
    hasComments = try reader.flag("comments")
    isDataSplit = try reader.flag("split_data")
    hasFinalBlankLine = try !reader.flag("no_final_blank_line")
    hasDone = try reader.flag("done")
    chunks = try Self.chunks(reader)
    isFlushed = try reader.flag("flush")
    isDripped = try reader.flag("drip")
    dripDelay = UInt64(try reader.count("drip_delay_us") ?? 0) * 1000
    isCompressed = try reader.flag("gzip")
  }

  private static func chunks(_ reader: ControlReader) throws(APIError) -> Chunks {
    if try reader.flag("no_chunks") { return .none }
    if let count = try reader.count("chunk_bytes") { return .bytes(max(count, 1)) }
    return try reader.flag("chunk_per_event") ? .event : .write
  }
}
