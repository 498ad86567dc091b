internal import CWslay

/// The frames of one WebSocket as its server reads and writes them (RFC 6455, section 5), by
/// libwslay: messages of what comes, bytes of what goes. Knows no socket.
///
/// Invariants:
/// 1. Only whole text messages of UTF-8, within the limit, are handed out.
/// 2. A message that was begun is written to its end before anything else is.
/// 3. Nothing is read behind the peer's close frame or what broke the protocol, and no message is
///    written behind a close frame of ours.
@safe package final class WebSocketFrames {
  /// Why a side closes (RFC 6455, section 7.4.1).
  package struct CloseCode: Equatable, Sendable {
    package let number: UInt16

    package init(_ number: UInt16) { self.number = number }

    package static let normal = CloseCode(1000)
    package static let goingAway = CloseCode(1001)
    package static let protocolError = CloseCode(1002)
    package static let unsupportedData = CloseCode(1003)
    package static let policyViolation = CloseCode(1008)
    package static let messageTooBig = CloseCode(1009)
    package static let tryAgainLater = CloseCode(1013)
  }

  /// Pings and pongs of one peer that wait for it to read; one that lets more pile up is shut out.
  private static let mostControlFrames: size_t = 256
  /// What closing frames carry besides their code (RFC 6455, section 5.5).
  private static let longestReason = 122

  private let maximumMessageBytes: Int
  private var reader: wslay_event_context_ptr?
  private var writer: wslay_frame_context_ptr?

  /// What is being read, only during `receive`.
  private var input = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  /// The message that is coming in.
  private var incoming: [UInt8] = []
  private var complete: [[UInt8]] = []

  /// What is being written, only during `fill`.
  private var output: [UInt8] = []
  /// What of the message that is going out was not written yet.
  private var outgoing: [ArraySlice<UInt8>] = []
  private var outgoingBytes = 0
  /// The payload of the frame that is going out.
  private var frameBytes = 0

  /// Pings that the peer has answered, and any other pongs.
  package private(set) var pongs = 0

  /// - Returns: nil where there is no memory.
  package init?(maximumMessageBytes: Int) {
    self.maximumMessageBytes = maximumMessageBytes
    let owner = unsafe Unmanaged.passUnretained(self).toOpaque()
    var events = Self.eventCallbacks
    var frames = Self.frameCallbacks
    guard unsafe wslay_event_context_server_init(&reader, &events, owner) == 0,
      unsafe wslay_frame_context_init(&writer, &frames, owner) == 0, let reader = unsafe reader
    else { return nil }
    // A frame costs memory as it comes, not as it is announced.
    unsafe wslay_event_config_set_no_buffering(reader, 1)
    unsafe wslay_event_config_set_max_recv_msg_length(reader, UInt64(maximumMessageBytes))
  }

  deinit {
    if let reader = unsafe reader { unsafe wslay_event_context_free(reader) }
    if let writer = unsafe writer { unsafe wslay_frame_context_free(writer) }
  }

  // MARK: State

  /// Whether what the peer sends counts.
  package var isReading: Bool {
    guard let reader = unsafe reader else { return false }
    return unsafe wslay_event_get_read_enabled(reader) != 0
  }

  /// Bytes of a message that has not come to its end.
  package var bufferedBytes: Int { incoming.count }

  /// Whether the peer has said that it closes.
  package var hasReceivedClose: Bool {
    guard let reader = unsafe reader else { return false }
    return unsafe wslay_event_get_close_received(reader) != 0
  }

  /// The code of the close frame that was written; nil before. 1005 is a frame without one.
  package var sentClose: CloseCode? {
    guard let reader = unsafe reader, !isBroken else { return brokenCode }
    guard unsafe wslay_event_get_close_sent(reader) != 0 else { return nil }
    return CloseCode(unsafe wslay_event_get_status_code_sent(reader))
  }

  /// Whether `fill` has something to write without being given a message.
  package var hasOutput: Bool {
    guard let reader = unsafe reader, outgoingBytes == 0 else { return outgoingBytes > 0 }
    return isBroken ? brokenCode == nil : unsafe wslay_event_want_write(reader) != 0
  }

  /// Whether messages are still written.
  private var takesMessages: Bool {
    guard let reader = unsafe reader, !isClosing else { return false }
    return unsafe wslay_event_get_write_enabled(reader) != 0
  }

  /// Whether a close frame is written next.
  private var isClosing = false
  /// Whether a frame could not be read, for which libwslay would close without a code.
  private var isBroken = false
  /// The code with which the connection was closed for that.
  private var brokenCode: CloseCode?

  // MARK: Reading

  /// Takes bytes that came, and returns the messages that they complete.
  package func receive(_ bytes: borrowing Span<UInt8>) -> [[UInt8]] {
    guard let reader = unsafe reader, isReading else { return [] }
    unsafe bytes.withUnsafeBytes { buffer in
      unsafe input = buffer
      if unsafe wslay_event_recv(reader) != 0 { isBroken = true }
      unsafe input = UnsafeRawBufferPointer(start: nil, count: 0)
    }
    if !isReading {
      isClosing = true
      incoming = []
    }
    defer { complete = [] }
    return complete
  }

  /// Moves what came to libwslay's buffer.
  private func read(into buffer: UnsafeMutablePointer<UInt8>?, _ most: Int) -> Int {
    let count = unsafe min(most, input.count)
    guard let buffer = unsafe buffer, count > 0 else {
      if let reader = unsafe reader {
        unsafe wslay_event_set_error(reader, CInt(WSLAY_ERR_WOULDBLOCK.rawValue))
      }
      return -1
    }
    unsafe UnsafeMutableRawBufferPointer(start: buffer, count: count)
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count]))
    unsafe input = UnsafeRawBufferPointer(rebasing: input[count...])
    return count
  }

  private func beginFrame(_ opcode: UInt8, _ length: UInt64) {
    if UInt32(opcode) == WSLAY_BINARY_FRAME.rawValue {
      refuse(.unsupportedData, "messages are text")
    } else if UInt32(opcode) == WSLAY_CONNECTION_CLOSE.rawValue, length == 1 {
      refuse(.protocolError, "half a code")
    } else if !Self.isControl(opcode), length > UInt64(maximumMessageBytes - incoming.count) {
      refuse(.messageTooBig, "a message has at most \(maximumMessageBytes) bytes")
    }
  }

  private func endMessage(_ opcode: UInt8) {
    guard isReading, let reader = unsafe reader else { return }
    switch UInt32(opcode) {
    case WSLAY_TEXT_FRAME.rawValue:
      complete.append(incoming)
      incoming = []
    case WSLAY_PONG.rawValue: pongs &+= 1
    case WSLAY_PING.rawValue
    where unsafe wslay_event_get_queued_msg_count(reader)
      > Self.mostControlFrames:
      refuse(.policyViolation, "too many pings are not waited for")
    default: break
    }
  }

  /// The opcode of the frame that is being read.
  private var opcode: UInt8 = 0

  private static func isControl(_ opcode: UInt8) -> Bool { opcode & 8 != 0 }

  /// Reads nothing more, and says why.
  private func refuse(_ code: CloseCode, _ reason: String) {
    guard let reader = unsafe reader else { return }
    close(code, reason)
    unsafe wslay_event_shutdown_read(reader)
  }

  // MARK: Writing

  /// Asks the peer for a pong.
  package func ping() {
    guard let reader = unsafe reader else { return }
    var message = unsafe wslay_event_msg(
      opcode: UInt8(WSLAY_PING.rawValue), msg: nil, msg_length: 0)
    // Refused only where a close frame stands before it.
    _ = unsafe wslay_event_queue_msg(reader, &message)
  }

  /// Says that no message comes any more, behind the one that is going out. A second close says
  /// nothing.
  ///
  /// - Parameter reason: for people; its first 122 bytes are sent, which are ASCII.
  package func close(_ code: CloseCode, _ reason: String = "") {
    guard let reader = unsafe reader else { return }
    isClosing = true
    let text = reason.utf8.filter { $0 < 0x80 }.prefix(Self.longestReason)
    unsafe Array(text).withUnsafeBufferPointer { bytes in
      _ = unsafe wslay_event_queue_close(reader, code.number, bytes.baseAddress, bytes.count)
    }
  }

  /// Appends frames to a buffer until it has `limit` bytes or nothing is left: pongs and the like,
  /// and one text frame for each message. A message that does not fit goes on with the next call.
  ///
  /// - Parameter next: the pieces of the next message, together one JSON text or other UTF-8; called
  ///   only when there is room for some of it.
  package func fill(
    _ buffer: inout [UInt8], limit: Int, next: () -> [ArraySlice<UInt8>]?
  ) {
    guard let reader = unsafe reader else { return }
    swap(&output, &buffer)
    defer { swap(&output, &buffer) }
    while output.count < limit {
      if outgoingBytes == 0 {
        unsafe writeControlFrames(reader)
        guard output.count < limit, takesMessages, let pieces = next() else { return }
        outgoing = pieces
        outgoingBytes = pieces.reduce(0) { $0 + $1.count }
        frameBytes = outgoingBytes
      }
      writePart(atMost: limit - output.count)
    }
  }

  /// Writes pings, pongs and a close frame.
  private func writeControlFrames(_ reader: wslay_event_context_ptr) {
    guard isBroken else {
      _ = unsafe wslay_event_send(reader)
      return
    }
    guard brokenCode == nil else { return }
    brokenCode = .protocolError
    let code = [
      UInt8(CloseCode.protocolError.number >> 8), UInt8(CloseCode.protocolError.number & 0xFF),
    ]
    write(code[...], of: code.count, WSLAY_CONNECTION_CLOSE)
  }

  /// Writes of the message that is going out, its header first.
  private func writePart(atMost most: Int) {
    guard let piece = outgoing.first else { return outgoingBytes = 0 }
    let part = piece.prefix(most)
    write(part, of: frameBytes, WSLAY_TEXT_FRAME)
    outgoingBytes -= part.count
    if part.count == piece.count {
      outgoing.removeFirst()
    } else {
      outgoing[0] = piece.dropFirst(part.count)
    }
  }

  /// Writes some of a frame's payload, behind its header where it begins.
  private func write(_ part: ArraySlice<UInt8>, of payloadBytes: Int, _ opcode: wslay_opcode) {
    guard let writer = unsafe writer else { return }
    unsafe part.withUnsafeBufferPointer { bytes in
      var frame = unsafe wslay_frame_iocb()
      unsafe frame.fin = 1
      unsafe frame.opcode = UInt8(opcode.rawValue)
      unsafe frame.payload_length = UInt64(payloadBytes)
      unsafe frame.data = bytes.baseAddress
      unsafe frame.data_length = bytes.count
      // Its bytes go to an array, which takes all of them.
      _ = unsafe wslay_frame_send(writer, &frame)
    }
  }

  private func write(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int {
    unsafe output.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
    return count
  }

  // MARK: Callbacks

  private static func owner(_ pointer: UnsafeMutableRawPointer?) -> WebSocketFrames? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe Unmanaged<WebSocketFrames>.fromOpaque(pointer).takeUnretainedValue()
  }

  private static var eventCallbacks: wslay_event_callbacks {
    unsafe wslay_event_callbacks(
      recv_callback: { _, buffer, count, _, owner in
        unsafe WebSocketFrames.owner(owner)?.read(into: buffer, count) ?? -1
      },
      send_callback: { _, bytes, count, _, owner in
        unsafe WebSocketFrames.owner(owner)?.write(bytes, count) ?? -1
      },
      genmask_callback: nil,
      on_frame_recv_start_callback: { _, frame, owner in
        guard let frame = unsafe frame, let frames = unsafe WebSocketFrames.owner(owner) else {
          return
        }
        unsafe frames.opcode = frame.pointee.opcode
        unsafe frames.beginFrame(frame.pointee.opcode, frame.pointee.payload_length)
      },
      on_frame_recv_chunk_callback: { _, chunk, owner in
        guard let chunk = unsafe chunk, let frames = unsafe WebSocketFrames.owner(owner),
          frames.isReading, !WebSocketFrames.isControl(frames.opcode)
        else { return }
        unsafe frames.incoming.append(
          contentsOf: UnsafeBufferPointer(
            start: chunk.pointee.data, count: chunk.pointee.data_length))
      },
      on_frame_recv_end_callback: nil,
      on_msg_recv_callback: { _, message, owner in
        guard let message = unsafe message else { return }
        unsafe WebSocketFrames.owner(owner)?.endMessage(message.pointee.opcode)
      })
  }

  private static var frameCallbacks: wslay_frame_callbacks {
    unsafe wslay_frame_callbacks(
      send_callback: { bytes, count, _, owner in
        unsafe WebSocketFrames.owner(owner)?.write(bytes, count) ?? -1
      },
      recv_callback: { _, _, _, _ in -1 },
      genmask_callback: nil)
  }
}
