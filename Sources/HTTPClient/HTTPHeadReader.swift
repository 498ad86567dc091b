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
  private var fields: [(name: String, value: String)] = []
  private var bytes = 0

  /// Takes a line; returns the head where the line ends that of a final answer, for the first time.
  mutating func append(_ line: [UInt8]) throws(HTTPError) -> HTTPHead? {
    bytes += line.count
    guard bytes <= Self.maximumBytes else {
      throw HTTPError(.protocolViolation, "header fields of more than \(Self.maximumBytes) bytes")
    }
    if line.starts(with: "HTTP/".utf8) {
      status = Self.status(of: line)
      fields = []
    } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
      let name = line[..<colon].map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
      fields.append((String(decoding: name, as: UTF8.self), line[(colon + 1)...].trimmedText))
    } else if status >= 200, !isWhole, line[...].trimmedText.isEmpty {
      isWhole = true
      return HTTPHead(status: status, fields: fields)
    }
    return nil
  }

  private static func status(of line: [UInt8]) -> Int {
    let words = line.split(separator: 0x20, maxSplits: 2)
    return words.count > 1 ? Int(words[1].trimmedText) ?? 0 : 0
  }
}

extension ArraySlice<UInt8> {
  /// The text without spaces, tabs, CR and LF at its ends.
  fileprivate var trimmedText: String {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D ~= $0) }
    let start = firstIndex { !isSpace($0) } ?? endIndex
    let end = lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
    return String(decoding: self[start..<end], as: UTF8.self)
  }
}
