import Wire

/// Takes arbitrary bytes as what a client of HTTP sends.
///
/// Holds: nothing traps; however the bytes arrive, requests and refusal are the same; a request that
/// is complete is what a plain reading of its bytes makes of it, and begins where the one before it
/// ends; neither body nor head is longer than its limit; nothing is held behind a refusal.
enum HTTPExercise {
  private static let maximumBodyBytes = 64
  private static let maximumHeadBytes = 1024

  /// Returns what does not hold.
  static func run(_ bytes: [UInt8]) -> String? {
    let whole = converse(bytes)
    // Where they are cut follows from the bytes alone.
    var state = bytes.reduce(UInt64(bytes.count)) { $0 &* 31 &+ UInt64($1) } | 1
    func nextLength() -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 60 == 0 ? 64 : 1 + Int(state >> 33) % 5
    }
    let pieces = HTTPConversation(
      bytes, pieceBytes: nextLength(), maximumBodyBytes: maximumBodyBytes,
      maximumHeadBytes: maximumHeadBytes)
    guard pieces.summary == whole.summary else { return "small pieces are read differently" }
    if whole.error != nil, whole.parser.bufferedBytes > 0 { return "bytes behind a refusal" }
    if let error = whole.error, !(0...bytes.count ~= error.offset) {
      return "a refusal at byte \(error.offset) of \(bytes.count)"
    }
    return check(whole, bytes[...])
  }

  private static func converse(_ bytes: [UInt8]) -> HTTPConversation {
    HTTPConversation(
      bytes, maximumBodyBytes: maximumBodyBytes, maximumHeadBytes: maximumHeadBytes)
  }

  private static func check(_ conversation: HTTPConversation, _ bytes: ArraySlice<UInt8>) -> String?
  {
    var rest = bytes
    for request in conversation.requests {
      guard request.body.count <= maximumBodyBytes else { return "a body beyond its limit" }
      guard request.isComplete else { return nil }
      guard let plain = PlainRequest(&rest) else { return "a request that can't be read plainly" }
      guard plain.matches(request) else { return "a request that is plainly another one" }
      guard plain.headBytes <= maximumHeadBytes else { return "a head beyond its limit" }
    }
    return conversation.error == nil && conversation.parser.isBetweenRequests != rest.isEmpty
      ? "the last request ends elsewhere" : nil
  }
}

/// A request by the plainest reading: cut at each CR LF, without any check.
private struct PlainRequest {
  private(set) var headBytes = 0
  private var line: [ArraySlice<UInt8>] = []
  private var fields: [(name: String, value: String)] = []
  private var body: [UInt8] = []

  init?(_ rest: inout ArraySlice<UInt8>) {
    let start = rest.startIndex
    guard let first = Self.takeLine(&rest) else { return nil }
    line = first.split(separator: 0x20, omittingEmptySubsequences: false)
    while let field = Self.takeLine(&rest), !field.isEmpty {
      let parts = field.split(separator: 0x3A, maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { return nil }
      fields.append((Self.text(parts[0]).lowercased(), Self.trimmed(parts[1])))
    }
    headBytes = rest.startIndex - start
    if fields.contains(where: { $0.name == "transfer-encoding" }) {
      guard takeChunks(&rest) else { return nil }
    } else if let length = fields.first(where: { $0.name == "content-length" }) {
      guard let count = Int(length.value), count <= rest.count else { return nil }
      body = Array(rest.prefix(count))
      rest = rest.dropFirst(count)
    }
  }

  private mutating func takeChunks(_ rest: inout ArraySlice<UInt8>) -> Bool {
    while let line = Self.takeLine(&rest) {
      let size = Int(Self.text(line.prefix { $0 != UInt8(ascii: ";") }), radix: 16)
      guard let size, size <= rest.count else { return false }
      guard size > 0 else {
        while let line = Self.takeLine(&rest) { if line.isEmpty { return true } }
        return false
      }
      body += rest.prefix(size)
      rest = rest.dropFirst(size)
      guard Self.takeLine(&rest)?.isEmpty == true else { return false }
    }
    return false
  }

  func matches(_ request: HTTPConversation.Request) -> Bool {
    let head = request.head
    return line.map(Self.text) == [
      head.method, head.target.text, head.version == .http11 ? "HTTP/1.1" : "HTTP/1.0",
    ] && body == request.body
      && fields.map(\.name) == head.fields.map { Self.text($0.name).lowercased() }
      && fields.map(\.value) == head.fields.map { Self.text($0.value) }
      && fields.allSatisfy { head[$0.name]?.contains($0.value) == true }
  }

  private static func takeLine(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var end = rest.startIndex
    while end + 1 < rest.endIndex, rest[end] != 0x0D || rest[end + 1] != 0x0A { end += 1 }
    guard end + 1 < rest.endIndex else { return nil }
    defer { rest = rest[(end + 2)...] }
    return rest[..<end]
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
    let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    return text(ArraySlice(bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()))
  }
}
