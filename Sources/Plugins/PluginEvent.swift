/// What happens to a plugin, for the journal.
package enum PluginEvent: Sendable, Equatable {
  case started(processID: Int32)
  /// It wrote a line to its stderr, or as part of an error.
  case said(String)
  /// It wrote to its stdout what is no message.
  case noise(String)
  /// So many lines that it wrote were left out.
  case dropped(Int)
  /// It ended or did not start, and is started again after a pause.
  case restarting(reason: String, after: Duration)
  /// It ended or did not start, and is left alone.
  case failed(reason: String)
  /// It runs without something that its configuration asks for.
  case unconfined(String)
  /// One of its hooks failed.
  case hookFailed(String)
}
