package import EventLoop
package import JSON
internal import WebSocket
package import Wire

/// The Responses API over one WebSocket, from the end of its handshake: creates come as messages and
/// events leave as messages, those of each response in their order.
@EventLoop
package final class WebSocketSession {
  package typealias Perform =
    @EventLoop (WebSocketRequest.Create, ConnectionTurn) throws(APIError)
    -> (cursor: any Cursor, params: RawJSON)

  package struct Times: Sendable {
    package var ping: Duration = .seconds(30)
    /// As at the API.
    package var lifetime: Duration = .seconds(3600)

    package init() {}
  }

  /// Bytes of frames that are handed out at once.
  private static let chunkBytes = 64 * 1024
  /// Refusals that the client has not taken; beyond, nothing more is read from it.
  private static let mostRefusals = 64
  /// Pings in a row without a sign of life.
  private static let mostSilentPings = 4

  private let client: String
  private let isFull: Bool
  private let limits: JSONLimits
  private let times: Times
  private let opened = EventLoop.now
  private let frames: WebSocketFrames
  private let perform: Perform
  private let wake: @EventLoop () -> Void
  private let hangUp: @EventLoop () -> Void
  private var lanes = WebSocketLanes<WebSocketRequest.Create>()
  private var turns: [WebSocketTurn] = []
  private var unstored = ConnectionResponses()
  private var waitingBytes = 0
  private var refusals: ArraySlice<RawJSON> = []
  private var timer: TimerSource?
  private var silentPings = 0
  /// Why no create is taken any more; what runs goes on.
  private var ending: Ending?

  private struct Ending {
    let code: WebSocketFrames.CloseCode
    /// What creates are told that come too late, and at last the client.
    let error: APIError?
  }

  /// - Parameters:
  ///   - isFull: whether responses say what `halley` says.
  ///   - perform: begins a create, and returns it with the params that it came to.
  ///   - wake: asks for `nextOutput` soon.
  ///   - hangUp: closes the connection without another word.
  /// - Returns: nil where there is no memory.
  package init?(
    client: String, isFull: Bool = false, maximumMessageBytes: Int, limits: JSONLimits,
    times: Times = Times(),
    perform: @escaping Perform, wake: @escaping @EventLoop () -> Void,
    hangUp: @escaping @EventLoop () -> Void
  ) {
    guard let frames = WebSocketFrames(maximumMessageBytes: maximumMessageBytes) else {
      return nil
    }
    self.client = client
    self.isFull = isFull
    self.frames = frames
    self.limits = limits
    self.times = times
    self.perform = perform
    self.wake = wake
    self.hangUp = hangUp
    do throws(LoopError) {
      timer = try TimerSource { [weak self] in self?.tick() }
      timer?.arm(after: times.ping)
    } catch {
      return nil
    }
  }

  // MARK: State

  /// Creates that were not answered to their end.
  package var requests: Int { lanes.runningCount + lanes.waitingCount }
  /// Bytes of what came and is not worked on yet.
  package var bufferedBytes: Int { frames.bufferedBytes + waitingBytes }
  package var isPaused: Bool { refusals.count >= Self.mostRefusals }
  package var hasOutput: Bool { requests > 0 || !refusals.isEmpty || frames.hasOutput }
  /// Whether the close frame of ours was handed out, and nothing more is sent.
  package var isOver: Bool { frames.sentClose != nil && !frames.hasOutput }

  // MARK: Reading

  package func receive(_ bytes: borrowing Span<UInt8>) {
    silentPings = 0
    for message in frames.receive(bytes) { take(message) }
    // A client that closes wants nothing more, as one that hangs up.
    if !frames.isReading { abandon() }
    wake()
  }

  private func take(_ message: [UInt8]) {
    do throws(WebSocketError) {
      switch try WebSocketRequest(message, limits: limits) {
      case .create(let create): try accept(create)
      case .steer(let request): refusals.append(request.steeringRefused)
      }
    } catch {
      refusals.append(error.json)
    }
  }

  private func accept(_ create: WebSocketRequest.Create) throws(WebSocketError) {
    if let ending {
      throw WebSocketError(ending.error ?? .stopping, streamID: create.streamID)
    }
    do throws(WebSocketLanes<WebSocketRequest.Create>.Refusal) {
      try lanes.add(create, to: create.streamID)
    } catch {
      throw WebSocketError(APIError(error), streamID: create.streamID)
    }
    waitingBytes += create.params.bytes.count
    beginWaiting()
  }

  private func beginWaiting() {
    while let (_, create) = lanes.begin() {
      waitingBytes -= create.params.bytes.count
      turns.append(
        WebSocketTurn(
          create, after: unstored.find(create.previousResponseID), client: client,
          isFull: isFull, perform: perform, wake: wake))
    }
  }

  /// Gives up what the client waits for, which is not there any more.
  package func abandon() {
    timer?.cancel()
    for turn in turns { turn.abandon() }
    turns = []
    lanes = WebSocketLanes()
    waitingBytes = 0
    refusals = []
  }

  // MARK: Writing

  /// Frames that are sent next, some 64 KiB at most; empty while there is nothing.
  package func nextOutput() -> ArraySlice<UInt8> {
    var chunk: [UInt8] = []
    frames.fill(&chunk, limit: Self.chunkBytes) { nextMessage() }
    if let ending, requests == 0, refusals.isEmpty, chunk.count < Self.chunkBytes {
      frames.close(ending.code, ending.error?.message ?? "the daemon is stopping")
      frames.fill(&chunk, limit: Self.chunkBytes) { nil }
    }
    return chunk[...]
  }

  private func nextMessage() -> WebSocketTurn.Message? {
    if let refusal = refusals.popFirst() { return [refusal.bytes] }
    for _ in 0..<turns.count {
      let turn = turns.removeFirst()
      let message = turn.next()
      if turn.isEnded { ended(turn) } else { turns.append(turn) }
      if let message { return message }
    }
    guard requests == 0, let error = ending?.error, !isToldOfEnding else { return nil }
    isToldOfEnding = true
    return [WebSocketError(error).json.bytes]
  }

  /// Whether the client was told why the connection ends.
  private var isToldOfEnding = false

  private func ended(_ turn: WebSocketTurn) {
    let create = turn.create
    lanes.ended(create.streamID)
    if let unstored = turn.unstored { self.unstored.keep(unstored, of: create.streamID) }
    if turn.hasFailed { unstored.forget(create.previousResponseID, of: create.streamID) }
    beginWaiting()
  }

  // MARK: The end

  /// Takes no creates any more, and closes when those that there are have ended.
  package func drain() {
    end(Ending(code: .goingAway, error: nil))
  }

  /// Closes because its messages take too much memory.
  package func shed(_ error: APIError) {
    end(Ending(code: .tryAgainLater, error: error))
  }

  private func end(_ ending: Ending) {
    guard self.ending == nil else { return }
    self.ending = ending
    for (lane, create) in lanes.removeWaiting() {
      waitingBytes -= create.params.bytes.count
      refusals.append(WebSocketError(ending.error ?? .stopping, streamID: lane).json)
    }
    wake()
  }

  private func tick() {
    guard silentPings < Self.mostSilentPings || isPaused else { return hangUp() }
    silentPings += 1
    if EventLoop.now - opened >= times.lifetime {
      end(Ending(code: .goingAway, error: .connectionLimit))
    }
    frames.ping()
    timer?.arm(after: times.ping)
    wake()
  }
}

extension APIError {
  /// In the API's words, by which clients know it.
  fileprivate static let connectionLimit = APIError(
    400, code: "websocket_connection_limit_reached",
    "Responses websocket connection limit reached (60 minutes). Create a new websocket connection "
      + "to continue.")

  fileprivate init(_ refusal: WebSocketLanes<WebSocketRequest.Create>.Refusal) {
    switch refusal {
    case .tooManyLanes:
      let most = WebSocketLanes<WebSocketRequest.Create>.mostNamed
      self.init(
        400, code: "websocket_stream_limit_reached",
        "\(most) stream_ids were used on this connection; use one of them, or another connection",
        param: "stream_id")
    case .tooManyWaiting:
      let most = WebSocketLanes<WebSocketRequest.Create>.mostWaiting
      self.init(
        RPCError.exhausted("\(most) creates wait on this connection"))
    }
  }
}

extension RawJSON {
  /// The answer to input for a response that runs: it is given back, for a create of its own.
  fileprivate var steeringRefused: RawJSON {
    .object { event in
      event.member("type", "response.steer.failed")
      event.member("sequence_number", 0)
      event.key("steer")
      event.object { steer in
        steer.member("previous_response_id", self["previous_response_id"] ?? .null)
        steer.member("input", self["input"] ?? .null)
      }
      event.key("error")
      event.object { error in
        error.member("type", "invalid_request_error")
        error.member("code", "steering_not_supported")
        error.member(
          "message", "a response that runs takes no more input; send it with the next create")
      }
    }
  }
}
