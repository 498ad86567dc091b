internal import EventLoop
internal import JSON
internal import Wire

/// A create that runs on a WebSocket, as the messages that it comes to.
@EventLoop
final class WebSocketTurn {
  /// Text, in pieces.
  typealias Message = [ArraySlice<UInt8>]

  private enum State {
    case failed(APIError)
    case reading(any Cursor)
    case ended
  }

  let create: WebSocketRequest.Create
  private let connection: ConnectionTurn
  private var format: ResponseFormat
  private var state = State.ended
  private var hasBegun = false
  private var ready: ArraySlice<Message> = []
  /// Whether it ended in an error.
  private(set) var hasFailed = false
  /// What a request goes on from that names its response, where that is not stored.
  private(set) var unstored: UnstoredContext?

  /// - Parameters:
  ///   - previous: what it goes on from where that is not stored.
  ///   - isFull: whether the response says what `halley` says.
  ///   - wake: asks for `next` soon.
  init(
    _ create: WebSocketRequest.Create, after previous: UnstoredContext?, client: String,
    isFull: Bool, perform: WebSocketSession.Perform, wake: @escaping @EventLoop () -> Void
  ) {
    self.create = create
    connection = ConnectionTurn(after: previous, generates: create.generates)
    format = ResponseFormat(isStream: true, isFull: isFull, request: create.params)
    do throws(APIError) {
      let (cursor, params) = try perform(create, connection)
      format = ResponseFormat(isStream: true, isFull: isFull, request: params)
      state = .reading(cursor)
      cursor.attach(to: client, wake)
    } catch {
      fail(error)
    }
    wake()
  }

  var isEnded: Bool {
    if case .ended = state { ready.isEmpty } else { false }
  }

  /// The client has gone.
  func abandon() {
    if case .reading(let cursor) = state {
      cursor.detach()
      cursor.leave(.disconnected)
    }
    state = .ended
    ready = []
  }

  /// The next message; nil while there is none.
  func next() -> Message? {
    while ready.isEmpty {
      switch state {
      case .ended: return nil
      case .failed(let error):
        state = .ended
        ready = [[WebSocketError(error, streamID: create.streamID).json.bytes]]
      case .reading(let cursor):
        guard let step = cursor.next() else { return nil }
        take(step, of: cursor)
      }
    }
    return ready.popFirst()
  }

  private func take(_ step: CursorStep, of cursor: any Cursor) {
    switch step {
    case .event(let event):
      hasBegun = true
      ready = messages { format.take(RawJSON(checked: event), cursor.identity, $0) }
      cursor.advance()
    case .end(let outcome):
      cursor.detach()
      end(outcome, cursor.identity)
    }
  }

  private func end(_ outcome: ResponseOutcome, _ identity: ResponseIdentity?) {
    switch outcome {
    case .response(let response, let halley):
      if !create.isStored { unstored = connection.ended(with: response, halley: halley) }
      state = .ended
      ready = messages { format.end(outcome, identity, $0) }
    case .failure(let error):
      fail(APIError(error))
      // It was given up, and what it went on from is as it was.
      hasFailed = error.code != .cancelled
      guard hasBegun else { return }
      // The failed response says it: whoever takes an error for the end would find that behind it, and
      // take it for the next answer.
      state = .ended
      ready = messages { emit in
        format.end(outcome, identity) { event, name in
          if event["type"]?.string != "error" { emit(event, name) }
        }
      }
    }
  }

  private func fail(_ error: APIError) {
    hasFailed = true
    state = .failed(error)
  }

  private func messages(_ tell: (ResponseFormat.Emit) -> Void) -> ArraySlice<Message> {
    var messages: [Message] = []
    tell { event, _ in messages.append(message(event.onOneLine)) }
    return messages[...]
  }

  /// An event as it is sent: with its lane, which the API puts into every one; an error as errors are
  /// told here.
  private func message(_ event: RawJSON) -> Message {
    if event["type"]?.string == "error", event.nonNull("error") == nil {
      var told = WebSocketError(APIError(event: event), streamID: create.streamID).json
      if let number = event["sequence_number"] {
        told = told.setting("sequence_number", to: number)
      }
      return [told.bytes]
    }
    guard let streamID = create.streamID, event.kind == .object, event["stream_id"] == nil else {
      return [event.bytes]
    }
    // The event's own bytes stay as they are.
    return [
      event.bytes.dropLast(), Array(",\"stream_id\":\"\(streamID)\"".utf8)[...],
      event.bytes.suffix(1),
    ]
  }
}
