/// A row of the tree of turns.
struct Turn {
  let row: Int64
  /// The number of whose it is.
  let subject: Int64
  /// The token that made it.
  let token: String?
  var parent: Int64?
  /// The conversation in which the turn was begun.
  let conversation: Int64?
}
