/// What a response is called, and whether it is on disk.
package struct TurnIdentity {
  package enum Row {
    /// Nothing of the response is kept.
    case none
    case writing
    case written
    case lost
  }

  package internal(set) var row = Row.none
  /// What the upstream called the response first.
  var firstID: String?
  /// The upstream's last word on the id, by which it can be asked for the response and to go on from
  /// it.
  package internal(set) var upstreamID: String?
  /// Whether the id that clients know holds, also on disk.
  package internal(set) var isSettled = false
  /// Whether somebody is finding it.
  var isAsked = false
}
