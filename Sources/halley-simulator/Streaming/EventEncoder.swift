/// Spells events as server-sent events.
struct EventEncoder {
  /// After how many of an event's parts data is split no further.
  private static let maximumLines = 3

  let framing: Framing
  private let eventField: [UInt8]
  private let dataField: [UInt8]

  init(_ framing: Framing) {
    self.framing = framing
    eventField = Array((framing.hasSpace ? "event: " : "event:").utf8)
    dataField = Array((framing.hasSpace ? "data: " : "data:").utf8)
  }

  func append(_ event: Event, isLast: Bool, to bytes: inout [UInt8]) {
    openEvent(type: event.type, to: &bytes)
    if framing.isDataSplit {
      appendSplit(event.data, to: &bytes)
    } else {
      bytes.append(contentsOf: event.data)
    }
    closeEvent(isLast: isLast, to: &bytes)
  }

  /// Appends all that stands before the data.
  func openEvent(type: String, to bytes: inout [UInt8]) {
    if framing.hasComments {
      bytes.append(contentsOf: ": ping".utf8)
      bytes.append(contentsOf: framing.lineEnd)
      bytes.append(contentsOf: framing.lineEnd)
    }
    if framing.hasEventLine {
      bytes.append(contentsOf: eventField)
      bytes.append(contentsOf: type.utf8)
      bytes.append(contentsOf: framing.lineEnd)
    }
    bytes.append(contentsOf: dataField)
  }

  func closeEvent(isLast: Bool, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: framing.lineEnd)
    if !isLast || framing.hasFinalBlankLine { bytes.append(contentsOf: framing.lineEnd) }
  }

  func appendDone(to bytes: inout [UInt8]) {
    bytes.append(contentsOf: dataField)
    bytes.append(contentsOf: "[DONE]".utf8)
    closeEvent(isLast: true, to: &bytes)
  }

  /// Breaks the data behind commas between members, where a line end is white space of JSON.
  private func appendSplit(_ data: [UInt8], to bytes: inout [UInt8]) {
    var lines = 1
    var isString = false
    var isEscaped = false
    for byte in data {
      bytes.append(byte)
      switch byte {
      case _ where isEscaped: isEscaped = false
      case UInt8(ascii: "\\"): isEscaped = isString
      case UInt8(ascii: "\""): isString.toggle()
      case UInt8(ascii: ",") where !isString && lines < Self.maximumLines:
        lines += 1
        bytes.append(contentsOf: framing.lineEnd)
        bytes.append(contentsOf: dataField)
      default: break
      }
    }
  }
}
