package import JSON
package import Wire

/// Follows a call while it runs.
package protocol CallObserver {
  /// Takes a notification that the daemon sent, such as `responses.event`.
  mutating func receive(_ notification: RPCRequest) throws(Failure)

  /// Answers a request that the daemon sent, such as `tools.approve`.
  mutating func answer(_ request: RPCRequest) throws(Failure) -> RawJSON

  /// Is told that the user wants to end the call; what still comes was not asked for any more.
  mutating func callWasInterrupted() throws(Failure)

  /// Is told that nothing has come from the daemon for three seconds.
  mutating func daemonIsSilent(_ words: String) throws(Failure)

  /// Milliseconds until `tick()` is to be called next; nil for never.
  var tickInterval: Int32? { get }

  mutating func tick() throws(Failure)
}

/// Waits for the result alone.
package struct SilentObserver: CallObserver {
  package init() {}

  package mutating func receive(_ notification: RPCRequest) {}
  package mutating func callWasInterrupted() {}
  package mutating func tick() {}
  package var tickInterval: Int32? { nil }
}

extension CallObserver {
  package mutating func daemonIsSilent(_ words: String) throws(Failure) {
    try StandardStream(StandardStream.errorDescriptor).write(words)
  }

  /// Refuses, in the one way that every request of the daemon understands.
  package mutating func answer(_ request: RPCRequest) throws(Failure) -> RawJSON {
    .object { $0.member("decision", "deny") }
  }
}
