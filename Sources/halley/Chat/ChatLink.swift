import Client

/// A chat's connection to the daemon, made again when it was lost.
final class ChatLink {
  private let daemon: DaemonOptions
  private let call: AnswerCall
  private var current: Session?

  init(_ daemon: DaemonOptions, _ call: AnswerCall, _ connection: Connection) {
    self.daemon = daemon
    self.call = call
    let session = call.session(connection)
    do throws(Failure) {
      try session.introduce()
      current = session
    } catch {
      current = nil
    }
  }

  var socket: String? { daemon.socket }
  var inputLimit: InputLimit { daemon.inputLimit }

  /// The session for the next call.
  func session() throws(Failure) -> Session {
    if let current { return current }
    let session = call.session(try daemon.connect())
    try session.introduce()
    current = session
    return session
  }

  /// Gives the connection up after a call whose end was not awaited or not told.
  func drop() { current = nil }
}
