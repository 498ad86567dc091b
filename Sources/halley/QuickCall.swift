import Client
import JSON
import Wire

/// Asks the daemon for what is good to know and not worth a wait: on a connection of its own, and no
/// longer than people notice.
struct QuickCall {
  /// Milliseconds.
  private static let patience: Int64 = 250

  /// Ends a call that takes too long.
  private struct Watch: CallObserver {
    let end = Clock.milliseconds + QuickCall.patience
    var tickInterval: Int32? { 25 }

    mutating func receive(_ notification: RPCRequest) {}
    mutating func callWasInterrupted() {}
    mutating func daemonIsSilent(_ words: String) {}

    mutating func tick() throws(Failure) {
      if Clock.milliseconds > end { throw Failure(.tryAgain, "") }
    }
  }

  /// The daemon's socket, as `--socket` says it.
  let socket: String?

  /// The socket of the daemon that answers; nil where none does.
  static func path(_ socket: String?) -> String? {
    do throws(Failure) {
      return try Connection(to: SocketLocation(option: socket)).path
    } catch {
      return nil
    }
  }

  /// The result; nil where there is no daemon, an error, or nothing in time.
  func result(_ method: String, _ params: RawJSON) -> RawJSON? {
    var watch = Watch()
    do throws(Failure) {
      let session = Session(try Connection(to: SocketLocation(option: socket)))
      return try session.call(method, params, observer: &watch)
    } catch {
      return nil
    }
  }
}
