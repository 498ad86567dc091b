import Wire

/// What a parser makes of bytes: requests, and the refusal that ends them.
struct HTTPConversation {
  struct Request {
    let head: HTTPRequestHead
    var body: [UInt8] = []
    var isComplete = false
  }

  private(set) var requests: [Request] = []
  private(set) var error: HTTPRequestError?
  private(set) var parser: HTTPRequestParser

  /// - Parameter pieceBytes: how many of the bytes arrive next.
  init(
    _ bytes: [UInt8], pieceBytes: @autoclosure () -> Int = .max, maximumBodyBytes: Int = 1000,
    maximumHeadBytes: Int = 32 << 10
  ) {
    parser = HTTPRequestParser(
      maximumBodyBytes: maximumBodyBytes, maximumHeadBytes: maximumHeadBytes)
    var rest = bytes[...]
    while !rest.isEmpty, error == nil {
      let piece = rest.prefix(max(1, pieceBytes()))
      parser.append(piece.span)
      rest = rest.dropFirst(piece.count)
      takeEvents()
    }
  }

  init(
    _ text: String, pieceBytes: @autoclosure () -> Int = .max, maximumBodyBytes: Int = 1000
  ) {
    self.init(Array(text.utf8), pieceBytes: pieceBytes(), maximumBodyBytes: maximumBodyBytes)
  }

  private mutating func takeEvents() {
    do throws(HTTPRequestError) {
      while let event = try parser.next() {
        switch event {
        case .head(let head): requests.append(Request(head: head))
        case .body(let part): requests[requests.count - 1].body += part
        case .end: requests[requests.count - 1].isComplete = true
        }
      }
    } catch {
      self.error = error
    }
  }

  /// What two conversations are compared by.
  var summary: [String] {
    requests.map { request in
      let head = request.head
      let fields = head.fields.map { "\(Array($0.name)): \(Array($0.value))" }
      return "\(head.method) \(head.target) \(head.version) \(fields) \(head.body)"
        + " \(request.body) \(request.isComplete)"
    } + [error.map { "\($0.status) \($0.message)" } ?? "\(parser.bufferedBytes)"]
  }
}
