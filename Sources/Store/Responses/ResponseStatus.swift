/// The `status` of a response object.
package enum ResponseStatus: String, Sendable {
  case queued
  case inProgress = "in_progress"
  case completed
  case incomplete
  case failed
  case cancelled

  package var isFinal: Bool { self != .queued && self != .inProgress }
}
