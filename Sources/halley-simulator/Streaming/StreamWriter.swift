/// Writes one answer as a stream of events, with the faults that were asked for.
final class StreamWriter: EventSink {
  private let channel: Channel
  private let controls: Controls
  private let isKeptAlive: Bool
  private let encoder: EventEncoder
  private var body: BodyWriter
  private var events = 0
  /// The number of events; the last may lack its empty line.
  private let total: Int

  init(_ channel: Channel, _ controls: Controls, isKeptAlive: Bool, total: Int = .max) {
    self.channel = channel
    self.controls = controls
    self.isKeptAlive = isKeptAlive && controls.framing.chunks != .none
    self.total = total
    encoder = EventEncoder(controls.framing)
    body = BodyWriter(
      channel, controls.framing, head: Self.head(controls, isKeptAlive: self.isKeptAlive))
  }

  private static func head(_ controls: Controls, isKeptAlive: Bool) -> [UInt8] {
    let type = controls.contentType ?? "text/event-stream; charset=utf-8"
    var text = HTTPResponse.opening(status: 200, contentType: type)
    text += "Cache-Control: no-cache\r\n"
    if controls.framing.chunks != .none { text += "Transfer-Encoding: chunked\r\n" }
    if controls.framing.isCompressed { text += "Content-Encoding: gzip\r\n" }
    if !isKeptAlive { text += "Connection: close\r\n" }
    text += HeaderPadding.text(bytes: controls.headerPadding)
    return Array((text + "\r\n").utf8)
  }

  /// Writes what comes before the first event.
  func begin() throws(ConnectionEnd) {
    let interrupter = Interrupter(channel, controls)
    try interrupter.openHeaders()
    try interrupter.run(at: .afterHeaders, flush: body.flush, finish: body.finish)
  }

  func wait(until deadline: UInt64) throws(ConnectionEnd) {
    try body.flush()
    try channel.wait(until: deadline)
  }

  func take(_ event: Event) throws(ConnectionEnd) {
    let isLast = events + 1 == total && !controls.framing.hasDone
    body.append { encoder.append(event, isLast: isLast, to: &$0) }
    try endEvent()
  }

  func take(_ burst: Burst) throws(ConnectionEnd) {
    for number in burst.numbers {
      body.append { bytes in
        encoder.openEvent(type: Burst.type, to: &bytes)
        burst.append(number: number, to: &bytes)
        encoder.closeEvent(isLast: false, to: &bytes)
      }
      try endEvent()
    }
  }

  private func endEvent() throws(ConnectionEnd) {
    events += 1
    try body.endEvent()
    guard !controls.interruptions.isEmpty else { return }
    try Interrupter(channel, controls).run(
      at: .afterEvents(events), flush: body.flush, finish: body.finish)
  }

  /// Writes bytes that are no events of ours; all of them count as one.
  func take(raw bytes: [UInt8]) throws(ConnectionEnd) {
    body.append { $0.append(contentsOf: bytes) }
    try endEvent()
  }

  /// Ends the body; throws where the connection has to end with it.
  func finish() throws(ConnectionEnd) {
    if controls.framing.hasDone { body.append { encoder.appendDone(to: &$0) } }
    try body.finish()
    if !isKeptAlive { throw .closed }
  }
}
