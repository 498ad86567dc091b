internal import Glibc

/// Serves one connection from its acceptance to its end.
struct Connection {
  private let channel: Channel
  private let simulation: Simulation

  /// Serves on the calling thread and closes the socket in the end.
  static func serve(_ descriptor: Int32, _ simulation: Simulation, _ tls: TLSContext?) {
    simulation.statistics.countAccepted()
    defer { simulation.statistics.countClosed() }
    do throws(SystemError) {
      let session = try tls?.makeSession(descriptor)
      let channel = Channel(descriptor, tls: session, statistics: simulation.statistics)
      Connection(channel: channel, simulation: simulation).run()
    } catch {
      simulation.warn(error.description)
      close(descriptor)
    }
  }

  private func run() {
    do throws(ConnectionEnd) {
      try channel.open()
      try answerAll()
    } catch {
      // The connection has ended; nothing more can be sent.
    }
    channel.close()
  }

  private func answerAll() throws(ConnectionEnd) {
    var reader = HTTPReader(channel)
    while true {
      switch try reader.next() {
      case .end: return
      case .refused(let error):
        return try Reply(channel, isKeptAlive: false).send(error.response)
      case .request(let request):
        try Router(request, channel, simulation).answer()
        guard request.isKeptAlive else { return }
      }
    }
  }
}
