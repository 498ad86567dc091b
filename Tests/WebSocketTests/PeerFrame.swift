/// A frame as a client sends it, and as it reads what the server sent (RFC 6455, section 5.2). It
/// shares nothing with what is tested.
struct PeerFrame: Equatable {
  enum Opcode: UInt8 {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10
  }

  var opcode: UInt8
  var payload: [UInt8]
  var isFinal = true
  /// RSV1 is 4, RSV3 is 1.
  var reserved: UInt8 = 0
  var mask: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D]
  /// What the frame says of its length, where that is not the payload's.
  var announced: UInt64?

  init(_ opcode: Opcode, _ payload: [UInt8] = [], isFinal: Bool = true) {
    self.opcode = opcode.rawValue
    self.payload = payload
    self.isFinal = isFinal
  }

  init(_ opcode: Opcode, _ text: String, isFinal: Bool = true) {
    self.init(opcode, Array(text.utf8), isFinal: isFinal)
  }

  static func close(_ code: UInt16, _ reason: String = "") -> PeerFrame {
    PeerFrame(.close, [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8))
  }

  var text: String { String(decoding: payload, as: UTF8.self) }

  /// The code of a close frame.
  var code: Int? {
    guard opcode == Opcode.close.rawValue, payload.count >= 2 else { return nil }
    return Int(payload[0]) << 8 | Int(payload[1])
  }

  var bytes: [UInt8] {
    let length = announced ?? UInt64(payload.count)
    let marked: UInt8 = mask == nil ? 0 : 0x80
    var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
    switch length {
    case 0...125: bytes.append(marked | UInt8(length))
    case 126...0xFFFF: bytes += [marked | 126, UInt8(length >> 8), UInt8(length & 0xFF)]
    default:
      bytes.append(marked | 127)
      bytes += (0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * UInt64($0))) }
    }
    guard let mask else { return bytes + payload }
    return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
  }

  // MARK: What the server sent

  /// Takes a whole frame off the front; nil where there is none.
  static func take(from bytes: inout ArraySlice<UInt8>) -> PeerFrame? {
    guard bytes.count >= 2 else { return nil }
    var rest = bytes
    let first = rest.removeFirst()
    let second = rest.removeFirst()
    var length = UInt64(second & 0x7F)
    let more = length == 127 ? 8 : length == 126 ? 2 : 0
    guard rest.count >= more else { return nil }
    if more > 0 { length = rest.prefix(more).reduce(0) { $0 << 8 | UInt64($1) } }
    rest = rest.dropFirst(more)
    guard second & 0x80 == 0, UInt64(rest.count) >= length else { return nil }
    var frame = PeerFrame(.text, Array(rest.prefix(Int(length))), isFinal: first & 0x80 != 0)
    frame.opcode = first & 0x0F
    frame.reserved = first >> 4 & 7
    frame.mask = nil
    bytes = rest.dropFirst(Int(length))
    return frame
  }

  /// All frames; nil where something else stands among them.
  static func all(in bytes: [UInt8]) -> [PeerFrame]? {
    var rest = bytes[...]
    var frames: [PeerFrame] = []
    while !rest.isEmpty {
      guard let frame = take(from: &rest) else { return nil }
      frames.append(frame)
    }
    return frames
  }
}
