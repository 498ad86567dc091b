/// Replays the events of a background response, then follows it to its end.
struct FollowEndpoint {
  /// How long a new event may wait to be noticed.
  private static let pollNanoseconds = 2 * Clock.nanosecondsPerMillisecond

  private let request: HTTPRequest
  private let channel: Channel
  private let simulation: Simulation

  init(_ request: HTTPRequest, _ channel: Channel, _ simulation: Simulation) {
    self.request = request
    self.channel = channel
    self.simulation = simulation
  }

  /// Answers `GET /responses/{id}?stream=true&starting_after=N`.
  func answer(id: String) throws(ConnectionEnd) {
    let prepared: (StoredResponse, Int, Controls)
    do throws(APIError) {
      prepared = try prepare(id)
    } catch {
      return try Reply(channel, isKeptAlive: request.isKeptAlive).send(error.response)
    }
    let (response, first, controls) = prepared
    let writer = StreamWriter(channel, controls, isKeptAlive: request.isKeptAlive)
    try Self.follow(response, from: first, into: writer)
  }

  private func prepare(_ id: String) throws(APIError) -> (StoredResponse, Int, Controls) {
    guard let response = simulation.store.find(id) else { throw .unknownResponse(id) }
    guard response.isReplayable else {
      throw .badRequest(
        "This response cannot be streamed because it was not created with background=true and "
          + "stream=true.")
    }
    let text = request.query["starting_after"] ?? "-1"
    guard let number = Int(text), number >= -1 else {
      throw .badRequest(
        "Invalid 'starting_after': \"\(text)\", the number of an event was expected.",
        param: "starting_after")
    }
    return (response, number + 1, try Controls([:], options: simulation.options))
  }

  static func follow(
    _ response: StoredResponse, from first: Int, into writer: StreamWriter
  ) throws(ConnectionEnd) {
    try writer.begin()
    var next = first
    while true {
      let (events, isFinished) = response.events(from: next)
      for event in events { try writer.take(event) }
      next += events.count
      if isFinished { break }
      try writer.wait(until: Clock.monotonic() + pollNanoseconds)
    }
    try writer.finish()
  }
}
