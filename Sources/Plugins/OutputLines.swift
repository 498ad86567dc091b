package import JSON

/// Cuts what a plugin writes to its stdout into lines, and keeps no more of one than its limit.
///
/// A line that is longer costs that line alone: its ends are kept, so that it can be told whose
/// answer it was.
package struct OutputLines {
  package enum Line: Equatable {
    /// Without what some begin with: a byte order mark or white space.
    case whole(ArraySlice<UInt8>)
    /// The bytes at its start and at its end, and how many there were.
    case tooLong(start: ArraySlice<UInt8>, end: ArraySlice<UInt8>, bytes: Int)
  }

  /// Bytes of either end.
  private static let endBytes = 256

  private var pending: [UInt8] = []
  private var end: [UInt8] = []
  /// Bytes of the line that has not ended yet.
  package private(set) var lineBytes = 0
  private var isTooLong = false

  package init() {}

  /// Takes what arrived and calls back with each line that it completes, without the LF.
  ///
  /// - Parameter limit: bytes of a line.
  package mutating func append(_ bytes: ArraySlice<UInt8>, limit: Int, line: (Line) -> Void) {
    var rest = bytes
    while !rest.isEmpty {
      let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
      add(rest[..<end], limit)
      guard end < rest.endIndex else { return }
      line(take())
      rest = rest[(end + 1)...]
    }
  }

  private mutating func add(_ bytes: ArraySlice<UInt8>, _ limit: Int) {
    lineBytes += bytes.count
    if !isTooLong {
      guard lineBytes > limit else { return pending.append(contentsOf: bytes) }
      isTooLong = true
      end = pending.suffix(Self.endBytes)
      pending.append(contentsOf: bytes.prefix(Self.endBytes))
      pending = Array(pending.prefix(Self.endBytes))
    }
    end = Array((end + bytes.suffix(Self.endBytes)).suffix(Self.endBytes))
  }

  private mutating func take() -> Line {
    defer { (pending, end, lineBytes, isTooLong) = ([], [], 0, false) }
    guard isTooLong else { return .whole(Self.trimmed(pending[...])) }
    return .tooLong(start: pending[...], end: end[...], bytes: lineBytes)
  }

  /// Files of some systems begin with a byte order mark, and some end their lines with CR LF.
  private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let line = line.starts(with: [0xEF, 0xBB, 0xBF]) ? line.dropFirst(3) : line
    return line.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
  }
}

/// Tells whose answer a line is that could not be read as a whole.
package enum AnswerID {
  /// Bytes of either end in which the id is looked for.
  private static let searchedBytes = 256

  package static func find(in line: ArraySlice<UInt8>) -> RawJSON? {
    find(start: line.prefix(searchedBytes), end: line.suffix(searchedBytes))
  }

  /// Returns the id of an answer whose other members than `result` or `error` stand before it or
  /// behind it; what is not in one of these forms is nobody's.
  package static func find(start: ArraySlice<UInt8>, end: ArraySlice<UInt8>) -> RawJSON? {
    guard isAnswer(start) else { return nil }
    let comma = UInt8(ascii: ",")
    let before = start.indices.filter { start[$0] == comma }.prefix(2).map {
      Array(start[..<$0]) + [UInt8(ascii: "}")]
    }
    let behind = end.indices.filter { end[$0] == comma }.suffix(2).map {
      [UInt8(ascii: "{")] + Array(end[($0 + 1)...])
    }
    for part in before + behind + [Array(start)] {
      if let id = id(of: part) { return id }
    }
    return nil
  }

  /// A request of the plugin has ids of its own; what has nothing else than an id answers nothing.
  private static func isAnswer(_ start: ArraySlice<UInt8>) -> Bool {
    let text = String(decoding: start, as: UTF8.self)
    guard text.first == "{" else { return false }
    let first = ["result", "error", "method"].compactMap { text.firstRange(of: "\"\($0)\"") }
      .min { $0.lowerBound < $1.lowerBound }
    return first.map { text[$0] != "\"method\"" } ?? (start.count < searchedBytes)
  }

  private static func id(of object: [UInt8]) -> RawJSON? {
    do throws(JSONError) {
      return try RawJSON(parsing: object[...], limits: .strict).nonNull("id")
    } catch {
      return nil
    }
  }
}
