/// Puts the head of an answer together from its lines (RFC 9112, section 2.1).
///
/// A value apart from the loop: in a method of the loop's actor each closure asks the runtime where
/// it runs, which took more than reading the line.
struct HTTPHeadReader {
  /// Header fields of one answer, names and values; the largest real ones are below 32 KiB.
  private static let maximumBytes = 256 * 1024

  /// Of the last status line; 0 before there is one.
  private(set) var status = 0
  private(set) var isWhole = false
  /// Whether the last status line was HTTP/1.0's.
  private(set) var isOld = false
  private var fields: [UInt8] = []
  private var lines: [HTTPHead.FieldLine] = []
  private var bytes = 0

  /// Takes a line; returns the head where the line ends that of a final answer, for the first time.
  mutating func append(_ line: Span<UInt8>) throws(HTTPError) -> HTTPHead? {
    bytes += line.count
    guard bytes <= Self.maximumBytes else {
      throw HTTPError(.protocolViolation, "header fields of more than \(Self.maximumBytes) bytes")
    }
    if Self.isStatus(line) {
      begin(line)
    } else if let colon = Self.colon(in: line) {
      lines.append(
        HTTPHead.FieldLine(
          start: fields.count, colon: fields.count + colon, end: fields.count + line.count))
      for index in line.indices { fields.append(line[index]) }
    } else if status >= 200, !isWhole, Self.isBlank(line) {
      isWhole = true
      return HTTPHead(status: status, bytes: fields, lines: lines)
    }
    return nil
  }

  private mutating func begin(_ line: Span<UInt8>) {
    status = Self.status(of: line)
    isOld = line.count > 7 && line[5] == UInt8(ascii: "1") && line[7] == UInt8(ascii: "0")
    fields.removeAll(keepingCapacity: true)
    lines.removeAll(keepingCapacity: true)
    // What most answers have fits.
    fields.reserveCapacity(1024)
    lines.reserveCapacity(24)
  }

  private static func isStatus(_ line: Span<UInt8>) -> Bool {
    line.count >= 5 && line[0] == UInt8(ascii: "H") && line[1] == UInt8(ascii: "T")
      && line[2] == UInt8(ascii: "T") && line[3] == UInt8(ascii: "P")
      && line[4] == UInt8(ascii: "/")
  }

  private static func colon(in line: Span<UInt8>) -> Int? {
    for index in line.indices where line[index] == UInt8(ascii: ":") { return index }
    return nil
  }

  private static func isBlank(_ line: Span<UInt8>) -> Bool {
    for index in line.indices where !HTTPHead.isSpace(line[index]) { return false }
    return true
  }

  /// The number behind the version; 0 where there is none.
  private static func status(of line: Span<UInt8>) -> Int {
    var index = 0
    while index < line.count, line[index] != 0x20 { index += 1 }
    while index < line.count, line[index] == 0x20 { index += 1 }
    var status = 0
    var digits = 0
    while index < line.count, 0x30...0x39 ~= line[index], digits < 4 {
      status = status * 10 + Int(line[index] - 0x30)
      digits += 1
      index += 1
    }
    guard index == line.count || HTTPHead.isSpace(line[index]) else { return 0 }
    return status
  }
}
