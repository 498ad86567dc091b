internal import JSON

/// Answers `POST /responses`.
struct CreateEndpoint {
  private let request: HTTPRequest
  private let channel: Channel
  private let simulation: Simulation
  private let reply: Reply

  init(_ request: HTTPRequest, _ channel: Channel, _ simulation: Simulation) {
    self.request = request
    self.channel = channel
    self.simulation = simulation
    reply = Reply(channel, isKeptAlive: request.isKeptAlive)
  }

  func answer() throws(ConnectionEnd) {
    let statistics = simulation.statistics
    statistics.countCreate()
    statistics.countBegun()
    do throws(ConnectionEnd) {
      try run()
      statistics.countEnded()
    } catch {
      switch error {
      case .peerGone: statistics.countCancelled()
      case .closed: statistics.countEnded()
      }
      throw error
    }
  }

  private func run() throws(ConnectionEnd) {
    let create: CreateRequest
    let controls: Controls
    do throws(APIError) {
      create = try CreateRequest(request.body)
      controls = try Controls(create.metadata, options: simulation.options)
    } catch {
      return try reply.send(error.response)
    }
    if let refusal = refusal(controls) { return try reply.send(refusal, controls) }
    let answer: Answer
    let context: Context
    do throws(APIError) {
      context = try resolve(create)
      answer = Answer(create, context, controls)
    } catch {
      return try reply.send(error.response)
    }
    try send(answer, create, context, controls)
  }

  private func resolve(_ create: CreateRequest) throws(APIError) -> Context {
    let context = try Context(
      input: create.input, previousID: create.previousID, store: simulation.store)
    // The items of a conversation are not known here.
    if create.members["conversation"] == nil { try context.checkCalls() }
    return context
  }

  private func refusal(_ controls: Controls) -> HTTPResponse? {
    if let status = controls.redirect {
      var response = HTTPResponse(status: status)
      response.add("Location", "/_simulator/redirected")
      return response
    }
    guard let refusal = controls.refusal else { return nil }
    if let limit = refusal.limit {
      guard simulation.countRefusal(key: refusal.key, limit: limit) else { return nil }
    }
    return refusal.response
  }

  private func send(
    _ answer: Answer, _ create: CreateRequest, _ context: Context, _ controls: Controls
  ) throws(ConnectionEnd) {
    let isStream = controls.isStream ?? create.isStream
    let stored = StoredResponse(
      id: answer.response.id,
      json: answer.response.json(create.isBackground ? .queued : .inProgress),
      context: context.items, isBackground: create.isBackground,
      isReplayable: create.isBackground && create.isStream)
    if controls.rawEvents != nil || controls.scriptName != nil {
      try sendRaw(controls)
    } else if create.isBackground {
      simulation.store.insert(stored)
      try sendBackground(answer, stored, isStream: isStream, controls)
    } else if isStream {
      try stream(answer, controls) { store(stored, answer, create) }
    } else {
      try sendJSON(answer, controls) { store(stored, answer, create) }
    }
  }

  private func store(_ stored: StoredResponse, _ answer: Answer, _ create: CreateRequest) {
    guard create.isStored else { return }
    stored.finish(answer)
    simulation.store.insert(stored)
  }

  // MARK: Ways to answer

  /// - Parameter store: is called before the event that says that the response has ended.
  private func stream(
    _ answer: Answer, _ controls: Controls, store: () -> Void
  ) throws(ConnectionEnd) {
    let writer = StreamWriter(
      channel, controls, isKeptAlive: request.isKeptAlive, total: answer.script.count)
    try writer.begin()
    if let endless = controls.endless {
      return try EndlessStream(endless, controls.pace).run(answer, into: writer)
    }
    var player = Player(controls.pace)
    try player.play(answer.script.steps.dropLast(), into: writer)
    store()
    try player.play(answer.script.steps.suffix(1), into: writer)
    try writer.finish()
  }

  private func sendJSON(
    _ answer: Answer, _ controls: Controls, store: () -> Void
  ) throws(ConnectionEnd) {
    var player = Player(controls.pace)
    try player.play(answer.script.steps, into: SilentSink(channel))
    store()
    var response = HTTPResponse(json: answer.final)
    if let type = controls.contentType { response.contentType = type }
    if controls.script.malformedAfter != nil {
      response.body.removeLast(response.body.count / 2)
    }
    if controls.framing.isCompressed {
      var gzip = GzipStream()
      response.body = gzip.append(response.body) + gzip.end()
      response.add("Content-Encoding", "gzip")
    }
    response.padding = controls.headerPadding
    try reply.send(response, controls)
  }

  private func sendBackground(
    _ answer: Answer, _ stored: StoredResponse, isStream: Bool, _ controls: Controls
  ) throws(ConnectionEnd) {
    let queued = stored.json
    do throws(SystemError) {
      try BackgroundRun.start(answer, controls.pace, into: stored)
    } catch {
      return try reply.send(APIError(status: 500, error.description, type: "server_error").response)
    }
    guard isStream else { return try reply.send(HTTPResponse(json: queued), controls) }
    let writer = StreamWriter(
      channel, controls, isKeptAlive: request.isKeptAlive, total: answer.script.count)
    try FollowEndpoint.follow(stored, from: 0, into: writer)
  }

  private func sendRaw(_ controls: Controls) throws(ConnectionEnd) {
    let bytes: [UInt8]
    if let name = controls.scriptName {
      do throws(APIError) {
        bytes = try ScriptFile(directory: simulation.options.scripts, name: name).read()
      } catch {
        return try reply.send(error.response)
      }
    } else {
      bytes = Array((controls.rawEvents ?? "").utf8)
    }
    let writer = StreamWriter(channel, controls, isKeptAlive: request.isKeptAlive)
    try writer.begin()
    try writer.take(raw: bytes)
    try writer.finish()
  }
}
