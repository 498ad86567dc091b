package import EventLoop
package import JSON

/// Sends JSON-RPC to a plugin that runs.
@EventLoop
package protocol PluginTransport: AnyObject {
  var name: String { get }

  /// Waits until the plugin runs, and starts it where it does not.
  func ready() async throws(PluginError)

  /// Returns the result. Ends with `timedOut` after the limit; the task's cancellation ends it too
  /// and calls `onAbandoned` with the request's id.
  func call(
    _ method: String, _ params: RawJSON, limit: Duration, onAbandoned: ((RawJSON) -> Void)?
  ) async throws(PluginError) -> RawJSON

  func notify(_ method: String, _ params: RawJSON)

  /// Hands on what the plugin says for the journal.
  func said(_ text: String)

  /// Takes down what the plugin did wrong while it runs; goes on behind its name.
  func note(fault what: String)
}
