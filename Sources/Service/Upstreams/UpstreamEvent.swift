package import JSON

/// One event of an upstream's stream: its bytes, and what the relay has to know of them.
package struct UpstreamEvent {
  package enum Kind: Equatable {
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

  package let kind: Kind
  /// An object, without line feeds.
  package let bytes: ArraySlice<UInt8>
  /// The number that the upstream gave it; nil where it gave none.
  package let sequenceNumber: Int64?

  package var isTerminal: Bool {
    switch kind {
    case .completed, .incomplete, .failed: true
    default: false
    }
  }

  /// Whether its type is one of those with a whole response object.
  var carriesResponse: Bool { kind != .output && kind != .error }

  var json: RawJSON { RawJSON(checked: bytes) }

  /// Reads the data of a server-sent event.
  package init(data: ArraySlice<UInt8>) throws(JSONError) {
    let json = try RawJSON(parsing: data, limits: .relayed)
    guard json.kind == .object else {
      throw JSONError(.malformed, at: 0, "a value that is no object")
    }
    let text = json.bytes
    var type: Range<Int>?
    var number: Range<Int>?
    var hasError = false
    json.forEachChild { key, value in
      // Told apart by length first: most members are none of these.
      switch key.count {
      case 4 where text[key].elementsEqual(Self.typeKey): type = value
      case 15 where text[key].elementsEqual(Self.numberKey): number = value
      case 5 where text[key].elementsEqual(Self.errorKey):
        hasError = text[value.lowerBound] != UInt8(ascii: "n")
      default: break
      }
    }
    kind = Self.kind(type.map { text[$0] }, hasError: hasError)
    sequenceNumber = number.flatMap { Self.digits(text[$0]) }
    // Several `data` lines are joined with line feeds.
    bytes = json.onOneLine.bytes
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
