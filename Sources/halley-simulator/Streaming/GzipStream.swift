/// Writes gzip (RFC 1952) whose blocks are stored rather than compressed (RFC 1951, 3.2.4).
struct GzipStream {
  private static let largestBlock = 0xFFFF

  private var hasBegun = false
  private var checksum: UInt32 = 0xFFFF_FFFF
  private var length: UInt32 = 0

  mutating func append(_ bytes: [UInt8]) -> [UInt8] {
    var stream = begin()
    length &+= UInt32(truncatingIfNeeded: bytes.count)
    for byte in bytes { update(byte) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let block = rest.prefix(Self.largestBlock)
      rest = rest.dropFirst(block.count)
      stream.append(0)
      Self.append(UInt16(block.count), to: &stream)
      Self.append(~UInt16(block.count), to: &stream)
      stream.append(contentsOf: block)
    }
    return stream
  }

  mutating func end() -> [UInt8] {
    var stream = begin()
    // An empty block that says it is the last.
    stream += [1, 0, 0, 0xFF, 0xFF]
    Self.append(~checksum, to: &stream)
    Self.append(length, to: &stream)
    return stream
  }

  private mutating func begin() -> [UInt8] {
    defer { hasBegun = true }
    return hasBegun ? [] : [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
  }

  private mutating func update(_ byte: UInt8) {
    checksum ^= UInt32(byte)
    for _ in 0..<8 {
      checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1
    }
  }

  private static func append(_ value: some FixedWidthInteger, to stream: inout [UInt8]) {
    for shift in stride(from: 0, to: value.bitWidth, by: 8) {
      stream.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}
