internal import Glibc
package import JSON
internal import Wire

/// Runs calls over one connection, one at a time, blocking until each has ended.
package final class Session {
  /// What an interrupt does to the call that runs.
  package enum OnInterrupt: Sendable {
    /// It is cancelled with `$/cancelRequest`, and its end is awaited for a short time.
    case cancel
    /// It is left alone: the command ends, and what was begun goes on.
    case leave
  }

  /// How long a cancelled call may take to end, in milliseconds; a daemon that is stuck must not
  /// keep the user.
  private static let longestFarewell: Int64 = 2_000

  private let connection: Connection
  private let interrupts: Interrupts?
  private let output: StandardStream?
  private var lastID = 0
  private var interruption: ExitStatus?
  private var farewellEnd: Int64 = 0
  /// How long nothing has come; nil where nobody minds.
  private var silence: Silence?

  /// - Parameters:
  ///   - interrupts: signals that end a call; nil leaves them to the system.
  ///   - output: a pipe whose reader, when it goes away, ends the call.
  package init(
    _ connection: Connection, interrupts: Interrupts? = nil, output: StandardStream? = nil
  ) {
    self.connection = connection
    self.interrupts = interrupts
    self.output = output?.hasReader == true ? output : nil
  }

  /// Sends a request without waiting for its answer, which is passed over when it comes.
  package func post(_ method: String, _ params: RawJSON) throws(Failure) {
    lastID += 1
    try connection.send(RPCLine(id: .integer(lastID), method, params))
  }

  /// Tells the daemon who calls, and that tools may be asked about.
  package func introduce() throws(Failure) {
    try post(
      "initialize",
      .object { params in
        params.key("client")
        params.object {
          $0.member("name", "halley")
          $0.member("version", Version.text)
        }
        params.key("capabilities")
        params.object { $0.member("approvals", true) }
      })
  }

  /// Calls a method and waits for its result.
  package func call(_ method: String, _ params: RawJSON) throws(Failure) -> RawJSON {
    var observer = SilentObserver()
    return try call(method, params, observer: &observer)
  }

  /// Calls a method that answers with a list, page after page, until there are enough elements.
  package func list(
    _ method: String, limit: Int = .max, _ params: (inout JSONWriter) -> Void = { _ in }
  ) throws(Failure) -> [RawJSON] {
    var elements: [RawJSON] = []
    var last: String?
    while elements.count < limit {
      let page = try call(
        method,
        .object { members in
          params(&members)
          members.member("limit", min(limit - elements.count, 100))
          if let last { members.member("after", last) }
        })
      elements += page["data"]?.elements ?? []
      last = page["last_id"]?.string
      guard page["has_more"]?.boolean == true, last != nil else { break }
    }
    return elements
  }

  /// Calls a method and waits for its result, while an observer follows.
  package func call(
    _ method: String, _ params: RawJSON, onInterrupt: OnInterrupt = .cancel,
    observer: inout some CallObserver
  ) throws(Failure) -> RawJSON {
    interruption = nil
    connection.hasReceived = false
    silence = Silence(
      start: Clock.milliseconds, limit: params["halley"]?["timeout_s"]?.double)
    try post(method, params)
    let id = lastID
    do throws(Failure) {
      while true {
        if let result = try takeMessages(until: id, &observer) { return try end(result) }
        try wait(id, onInterrupt, &observer)
      }
    } catch {
      if onInterrupt == .cancel, interruption == nil, Self.isLeaving(error.status) {
        try cancel(id)
      }
      throw error
    }
  }

  private static func isLeaving(_ status: ExitStatus) -> Bool {
    status == .brokenPipe || status == .interrupted || status == .terminated
  }

  private func end(_ result: Result<RawJSON, RPCPeerError>) throws(Failure) -> RawJSON {
    switch result {
    case .success(let json):
      if let interruption { throw Failure(interruption, "", result: json) }
      return json
    case .failure(let error):
      if let interruption { throw Failure(interruption, "") }
      throw RemoteError(error.json).failure
    }
  }

  private func takeMessages(
    until id: Int, _ observer: inout some CallObserver
  ) throws(Failure) -> Result<RawJSON, RPCPeerError>? {
    while let message = try connection.nextMessage() {
      switch message {
      case .response(let answered, let result):
        if answered.json.integer == Int64(id) { return result }
      case .request(let request):
        guard let asked = request.id else {
          try observer.receive(request)
          continue
        }
        try connection.send(
          RPCLine(answering: asked, result: [try observer.answer(request).onOneLine.bytes]))
      }
    }
    return nil
  }

  private func wait(
    _ id: Int, _ onInterrupt: OnInterrupt, _ observer: inout some CallObserver
  ) throws(Failure) {
    var readiness = Readiness()
    let socket = readiness.watch(
      connection.descriptor, connection.hasOutgoing ? POLLIN | POLLOUT : POLLIN)
    let signals = interrupts.map { readiness.watch($0.descriptor, POLLIN) }
    let reader = output.map { readiness.watch($0.descriptor, 0) }
    let pauses = [
      interruption == nil ? observer.tickInterval : 100,
      silence?.pause(now: Clock.milliseconds),
    ]
    readiness.wait(milliseconds: pauses.compactMap(\.self).min())

    if readiness.isReadable(signals) { try interrupt(id, onInterrupt, &observer) }
    if readiness.isBroken(reader) { throw .brokenPipe }
    if readiness.isWritable(socket) { try connection.flush() }
    if readiness.isReadable(socket), try !connection.receive() { throw end() }
    try mindSilence(&observer)
    if let interruption, Clock.milliseconds > farewellEnd { throw Failure(interruption, "") }
    if observer.tickInterval != nil { try observer.tick() }
  }

  private func mindSilence(_ observer: inout some CallObserver) throws(Failure) {
    let now = Clock.milliseconds
    if interruption != nil { silence = nil }
    if connection.hasReceived {
      connection.hasReceived = false
      silence?.heard(now: now, isWhole: !connection.isWithinLine)
    }
    switch silence?.step(now: now) {
    case nil: return
    case .ask: try post("daemon.ping", .emptyObject)
    case .tell:
      let path = connection.path
      try observer.daemonIsSilent(
        TerminalText.safe(
          "halley: halleyd at \(path) has not answered yet\n"
            + "  \(Failure.lookAt(daemonAt: path))\n"))
    case .end: throw .silentDaemon(connection.path)
    }
  }

  private func end() -> Failure {
    interruption.map { Failure($0, "") } ?? .lostConnection(" before the answer was whole")
  }

  private func interrupt(
    _ id: Int, _ onInterrupt: OnInterrupt, _ observer: inout some CallObserver
  ) throws(Failure) {
    guard let status = interrupts?.take() else { return }
    guard interruption == nil, onInterrupt == .cancel else { throw Failure(status, "") }
    interruption = status
    farewellEnd = Clock.milliseconds + Self.longestFarewell
    try cancel(id)
    try observer.callWasInterrupted()
  }

  private func cancel(_ id: Int) throws(Failure) {
    try connection.send(RPCLine("$/cancelRequest", .object { $0.member("id", id) }))
  }
}
