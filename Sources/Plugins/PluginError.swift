/// Why a plugin did not do what was asked of it.
package struct PluginError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: Sendable, Equatable {
    /// It does not run, and will not in time; or the call was given up by its caller.
    case unavailable
    /// The process ended before the call was on its way to it; the next one may be asked.
    case unsent
    case timedOut
    /// It ended before it had answered.
    case died
    /// It wrote what the protocol does not have.
    case protocolViolation
    /// The daemon does not run it: its program could be replaced by others, for instance.
    case refused
    /// It answered with an error of this number.
    case remote(Int)
  }

  package let code: Code
  /// What happened, for people, to be read behind the plugin's name. Of what the plugin wrote it
  /// repeats nothing but the message of an error, and nothing of what the plugin was asked.
  package let message: String
  /// The message without the plugin's words.
  package let told: String
  /// The part of it that the plugin wrote, which may repeat what it was asked.
  package let words: String?
  /// The plugin's name.
  package let plugin: String

  package init(_ code: Code, _ message: String, words: String? = nil, plugin: String) {
    self.code = code
    self.message = words.map { "\(message): \($0)" } ?? message
    told = message
    self.words = words
    self.plugin = plugin
  }

  package var description: String { "plugin \(plugin) \(message)" }
}
