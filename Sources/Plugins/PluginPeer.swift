package import EventLoop
package import JSON
package import Wire

/// Has the conversation with a plugin that goes beyond calls and answers.
@EventLoop
package protocol PluginPeer: AnyObject {
  /// Runs after each start, before calls of others are let through; what it calls goes to the
  /// process that starts. Its failure is the start's.
  func begin() async throws(PluginError)

  /// Hears a notification of the plugin.
  func receive(_ method: String, _ params: RawJSON)

  /// Answers a request of the plugin.
  func answer(_ method: String, _ params: RawJSON) async -> Result<RawJSON, RPCError>
}
