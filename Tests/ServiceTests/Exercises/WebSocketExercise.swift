import WebSocket

/// Reads bytes as a client of a WebSocket, the first of them saying how they are cut.
///
/// Holds: nothing traps; messages are UTF-8 and within the limit; cut in any way, the bytes come to
/// the same messages; what is written are whole frames of a server, the last of them a close frame
/// where nothing is read any more. When a close frame is known to be wrong depends on how it is cut.
enum WebSocketExercise {
  private static let limit = 300

  private struct Outcome {
    var messages: [[UInt8]] = []
    var written: [UInt8] = []
    var isReading = true
  }

  /// Returns what does not hold.
  static func run(_ bytes: [UInt8]) -> String? {
    guard let step = bytes.first, let whole = read([bytes.dropFirst()]),
      let cut = read(pieces(of: bytes.dropFirst(), step: 1 + Int(step % 16)))
    else { return bytes.isEmpty ? nil : "no memory" }
    guard whole.messages == cut.messages else { return "cut in pieces there are other messages" }
    for message in whole.messages {
      guard message.count <= limit else { return "a message of \(message.count) bytes" }
      guard String(validating: message, as: UTF8.self) != nil else { return "not UTF-8" }
    }
    for outcome in [whole, cut] {
      guard let opcodes = opcodes(outcome.written) else { return "no frames are written" }
      guard opcodes.allSatisfy({ [8, 10].contains($0) }) else { return "opcodes \(opcodes)" }
      guard (opcodes.last == 8) != outcome.isReading else { return "closed and read, or neither" }
    }
    return nil
  }

  private static func pieces(of bytes: ArraySlice<UInt8>, step: Int) -> [ArraySlice<UInt8>] {
    stride(from: bytes.startIndex, to: bytes.endIndex, by: step).map { bytes[$0...].prefix(step) }
  }

  private static func read(_ pieces: [ArraySlice<UInt8>]) -> Outcome? {
    guard let frames = WebSocketFrames(maximumMessageBytes: limit) else { return nil }
    var outcome = Outcome()
    for piece in pieces { outcome.messages += frames.receive(piece.span) }
    while frames.hasOutput { frames.fill(&outcome.written, limit: .max) { nil } }
    outcome.isReading = frames.isReading
    return outcome
  }

  /// The opcodes of frames that are final, not masked and of the shortest form.
  private static func opcodes(_ bytes: [UInt8]) -> [UInt8]? {
    var rest = bytes[...]
    var opcodes: [UInt8] = []
    while let first = rest.popFirst() {
      guard first & 0xF0 == 0x80, let length = rest.popFirst(), length < 126,
        rest.count >= length
      else { return nil }
      opcodes.append(first & 0x0F)
      rest = rest.dropFirst(Int(length))
    }
    return opcodes
  }
}
