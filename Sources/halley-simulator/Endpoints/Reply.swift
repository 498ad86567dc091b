/// Sends answers whose bodies are known.
struct Reply {
  private let channel: Channel
  private let isKeptAlive: Bool

  init(_ channel: Channel, isKeptAlive: Bool) {
    self.channel = channel
    self.isKeptAlive = isKeptAlive
  }

  /// - Parameter hasBody: false for the answer to HEAD.
  func send(_ response: HTTPResponse, hasBody: Bool = true) throws(ConnectionEnd) {
    let head = response.head(isKeptAlive: isKeptAlive)
    try channel.write((hasBody ? head + response.body : head).span)
  }

  /// Sends an answer with the faults that were asked for; "after events" is amid the body.
  func send(_ response: HTTPResponse, _ controls: Controls) throws(ConnectionEnd) {
    let interrupter = Interrupter(channel, controls)
    try interrupter.openHeaders()
    guard !controls.interruptions.isEmpty else { return try send(response) }
    try channel.write(response.head(isKeptAlive: isKeptAlive).span)
    try interrupter.run(at: .afterHeaders, flush: {}, finish: {})
    let half = response.body.count / 2
    try channel.write(Array(response.body[..<half]).span)
    for place in controls.interruptions.keys where place.events ?? 0 > 0 {
      try interrupter.run(at: place, flush: {}, finish: {})
    }
    try channel.write(Array(response.body[half...]).span)
  }
}
