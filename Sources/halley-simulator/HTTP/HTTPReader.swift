internal import Wire

/// Reads requests off a connection, one after the other.
struct HTTPReader {
  enum Incoming {
    case request(HTTPRequest)
    /// What came is no request; the connection has to end after the answer.
    case refused(APIError)
    /// The peer ended its side between two requests.
    case end
  }

  private static let maximumHeadBytes = 64 << 10
  /// Far above the API's largest file, so that tests may go beyond it.
  private static let maximumBodyBytes = 512 << 20

  private let channel: Channel
  private var parser = HTTPRequestParser(
    maximumBodyBytes: maximumBodyBytes, maximumHeadBytes: maximumHeadBytes)
  private var received = [UInt8](repeating: 0, count: 64 << 10)

  init(_ channel: Channel) {
    self.channel = channel
  }

  mutating func next() throws(ConnectionEnd) -> Incoming {
    var head: HTTPRequestHead?
    var body: [UInt8] = []
    var isAwaited = false
    while true {
      switch event() {
      case .failure(let error):
        return .refused(APIError(status: error.status.rawValue, error.message))
      case .success(.head(let read)):
        head = read
        isAwaited = read.expectsContinue
      case .success(.body(let part)): body.append(contentsOf: part)
      case .success(.end):
        if let head { return .request(HTTPRequest(head, body)) }
      case .success(nil):
        if isAwaited {
          let interim = HTTPResponseHead.continuing
          try channel.write(interim.span)
          isAwaited = false
        }
        guard try fill() else {
          guard parser.isBetweenRequests else { throw .peerGone }
          return .end
        }
      }
    }
  }

  private mutating func event() -> Result<HTTPRequestParser.Event?, HTTPRequestError> {
    do throws(HTTPRequestError) {
      return .success(try parser.next())
    } catch {
      return .failure(error)
    }
  }

  /// Takes in what has come, and tells whether there was any.
  private mutating func fill() throws(ConnectionEnd) -> Bool {
    let length = try channel.read(into: &received)
    let part = received[..<length]
    parser.append(part.span)
    return length > 0
  }
}
