internal import Glibc
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
  package private(set) var bytes: ArraySlice<UInt8> {
    didSet { (delta, responsePlace) = (nil, nil) }
  }
  /// Whether it brings an output item, whole or at its beginning.
  package let carriesItem: Bool
  /// Where the text of its member `delta` stands in its bytes, without quotes; nil where it has none,
  /// and where the bytes are not those that came.
  private(set) var delta: Range<Int>?
  /// Where its member `response` stands in its bytes; nil where that has to be looked up.
  private var responsePlace: Range<Int>?
  /// The number that the upstream gave it; nil where it gave none.
  package let sequenceNumber: Int64?

  package var isTerminal: Bool {
    switch kind {
    case .completed, .incomplete, .failed: true
    default: false
    }
  }

  /// The type of a terminal event; nil for any other.
  var terminalType: String? {
    switch kind {
    case .completed: "response.completed"
    case .incomplete: "response.incomplete"
    case .failed: "response.failed"
    default: nil
    }
  }

  var json: RawJSON { RawJSON(checked: bytes) }

  /// The response object of an event whose type has one.
  var response: RawJSON? {
    guard kind != .output, kind != .error else { return nil }
    guard let place = responsePlace else { return json["response"] }
    return RawJSON(
      checked: bytes[bytes.startIndex + place.lowerBound..<bytes.startIndex + place.upperBound])
  }

  /// The event without what the request's tools log in with, and without any key in an error.
  package func withoutSecrets(_ redactor: KeyRedactor?) -> UpstreamEvent {
    var event = self
    if kind == .error, let redactor {
      // A key may be a word of the protocol.
      event.bytes = redactor.cleanedError(json).replacing("type", with: .string("error")).bytes
    }
    guard let response else { return event }
    var stripped = response.withoutToolSecrets
    if kind == .failed, let redactor, let error = response["error"] {
      stripped = stripped.setting("error", to: redactor.cleanedError(error))
    }
    if stripped.bytes != response.bytes {
      event.bytes = json.setting("response", to: stripped).bytes
    }
    return event
  }

  /// The event with another text in its member `delta`.
  func withDelta(_ text: [UInt8]) -> UpstreamEvent {
    let text = RawJSON.string(String(decoding: text, as: UTF8.self))
    return UpstreamEvent(checked: json.setting("delta", to: text))
  }

  /// Reads the data of a server-sent event.
  package init(data: ArraySlice<UInt8>) throws(JSONError) {
    let text = data.span
    var type: Range<Int>?
    var number: Range<Int>?
    var delta: Range<Int>?
    var response: Range<Int>?
    var hasError = false
    let json = try RawJSON(parsing: data, limits: .relayed) { child in
      // Told apart by length first: most members are none of these.
      switch child.key.count {
      case 4 where text.spells("type", at: child.key): type = child.value
      case 15 where text.spells("sequence_number", at: child.key): number = child.value
      case 5 where text.spells("error", at: child.key):
        hasError = text[child.value.lowerBound] != UInt8(ascii: "n")
      case 5 where text.spells("delta", at: child.key): delta = child.value
      case 8 where text.spells("response", at: child.key): response = child.value
      default: break
      }
    }
    guard json.kind == .object else {
      throw JSONError(.malformed, at: 0, "a value that is no object")
    }
    kind = Self.kind(text, type, hasError: hasError)
    carriesItem = Self.carriesItem(text, type)
    sequenceNumber = number.flatMap { Self.digits(text, $0) }
    // Several `data` lines are joined with line feeds.
    bytes = json.onOneLine.bytes
    let space = json.bytes.startIndex - data.startIndex
    self.delta = delta.flatMap {
      guard text[$0.lowerBound] == 0x22 else { return nil }
      return $0.lowerBound + 1 - space..<$0.upperBound - 1 - space
    }
    responsePlace = response.map { $0.lowerBound - space..<$0.upperBound - space }
  }

  /// Takes an event that was found to be plain.
  init(plain bytes: ArraySlice<UInt8>, number: Int64) {
    kind = .output
    carriesItem = false
    sequenceNumber = number
    self.bytes = bytes
  }

  /// Takes an event of the daemon's own, or one that was taken before.
  init(checked json: RawJSON) {
    let type = json["type"]?.bytes ?? []
    kind = Self.kind(type.span, 0..<type.count, hasError: false)
    carriesItem = Self.carriesItem(type.span, 0..<type.count)
    delta = nil
    sequenceNumber = json["sequence_number"]?.integer
    bytes = json.bytes
  }

  /// The value of a plain row of digits, which is how sequence numbers are written.
  static func digits(_ text: Span<UInt8>, _ range: Range<Int>) -> Int64? {
    guard range.count <= 18 else { return nil }
    var value: Int64 = 0
    for index in range {
      let byte = text[index]
      guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte else { return nil }
      value = value * 10 + Int64(byte - UInt8(ascii: "0"))
    }
    return value
  }

  private static let kinds: [(name: StaticString, kind: Kind)] = [
    ("\"response.created\"", .created), ("\"response.queued\"", .pending),
    ("\"response.in_progress\"", .pending), ("\"response.completed\"", .completed),
    ("\"response.incomplete\"", .incomplete), ("\"response.failed\"", .failed),
    ("\"error\"", .error),
  ]

  static func carriesItem(_ text: Span<UInt8>, _ type: Range<Int>?) -> Bool {
    guard let type else { return false }
    return text.spells("\"response.output_item.added\"", at: type)
      || text.spells("\"response.output_item.done\"", at: type)
  }

  /// The longest of the names above, in quotes; deltas are told apart by length alone, mostly.
  private static let longestKind = 22

  /// - Parameter type: where the value of the member stands, quotes included.
  static func kind(_ text: Span<UInt8>, _ type: Range<Int>?, hasError: Bool) -> Kind {
    // Some gateways send a bare `{"error":{…}}`.
    guard let type else { return hasError ? .error : .output }
    guard type.count <= longestKind else { return .output }
    for (name, kind) in kinds where text.spells(name, at: type) { return kind }
    return .output
  }
}

extension Span<UInt8> {
  /// Whether the bytes of a range are those of an ASCII text.
  @inline(__always)
  func spells(_ text: StaticString, at range: Range<Int>) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    return unsafe extracting(range).withUnsafeBytes { bytes in
      unsafe bytes.baseAddress.map { unsafe memcmp($0, text.utf8Start, bytes.count) == 0 } ?? true
    }
  }
}
