internal import JSON

/// One event of an upstream's stream: its bytes, and what the relay has to know of them.
struct UpstreamEvent {
  enum Kind: Equatable {
    case created
    /// `response.queued` or `response.in_progress`.
    case pending
    case completed
    case incomplete
    case failed
    case error
    /// Everything else, known or not.
    case output
  }

  let kind: Kind
  /// An object, without line feeds.
  let bytes: ArraySlice<UInt8>
  /// The number that the upstream gave it; nil where it gave none.
  let sequenceNumber: Int64?

  var isTerminal: Bool {
    switch kind {
    case .completed, .incomplete, .failed: true
    default: false
    }
  }

  /// Whether its type is one of those with a whole response object.
  var carriesResponse: Bool { kind != .output && kind != .error }

  var json: RawJSON { RawJSON(checked: bytes) }

  /// Reads the data of a server-sent event.
  init(data: ArraySlice<UInt8>) throws(JSONError) {
    var type: Range<Int>?
    var number: Range<Int>?
    var hasError = false
    let base = data.startIndex
    let range = try JSONScanner.scan(data.span, limits: .relayed) { child in
      // Told apart by length first: most members are none of these.
      let length = child.key.count
      guard length == 4 || length == 5 || length == 15 else { return }
      let key = data[base + child.key.lowerBound..<base + child.key.upperBound]
      switch length {
      case 4 where key.elementsEqual(Self.typeKey): type = child.value
      case 15 where key.elementsEqual(Self.numberKey): number = child.value
      case 5 where key.elementsEqual(Self.errorKey):
        hasError = data[base + child.value.lowerBound] != UInt8(ascii: "n")
      default: break
      }
    }
    guard data[base + range.lowerBound] == UInt8(ascii: "{") else {
      throw JSONError(.malformed, at: range.lowerBound, "a value that is no object")
    }
    kind = Self.kind(
      type.map { data[base + $0.lowerBound..<base + $0.upperBound] }, hasError: hasError)
    sequenceNumber = number.flatMap {
      Self.digits(data[base + $0.lowerBound..<base + $0.upperBound])
    }
    let object = data[base + range.lowerBound..<base + range.upperBound]
    // Several `data` lines are joined with line feeds.
    bytes = RawJSON(checked: object).onOneLine.bytes
  }

  /// The value of a plain row of digits, which is how sequence numbers are written.
  private static func digits(_ text: ArraySlice<UInt8>) -> Int64? {
    guard text.count <= 18 else { return nil }
    var value: Int64 = 0
    for byte in text {
      guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte else { return nil }
      value = value * 10 + Int64(byte - UInt8(ascii: "0"))
    }
    return value
  }

  private static let typeKey = Array("type".utf8)
  private static let numberKey = Array("sequence_number".utf8)
  private static let errorKey = Array("error".utf8)

  private static let kinds: [(name: [UInt8], kind: Kind)] = {
    let names: [(String, Kind)] = [
      ("response.created", .created), ("response.queued", .pending),
      ("response.in_progress", .pending), ("response.completed", .completed),
      ("response.incomplete", .incomplete), ("response.failed", .failed), ("error", .error),
    ]
    return names.map { (Array("\"\($0.0)\"".utf8), $0.1) }
  }()

  /// The longest of the names above, in quotes; deltas are told apart by length alone, mostly.
  private static let longestKind = 22

  private static func kind(_ type: ArraySlice<UInt8>?, hasError: Bool) -> Kind {
    // Some gateways send a bare `{"error":{…}}`.
    guard let type else { return hasError ? .error : .output }
    guard type.count <= longestKind else { return .output }
    return kinds.first { $0.name.elementsEqual(type) }?.kind ?? .output
  }
}
