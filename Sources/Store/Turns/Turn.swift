/// A row of the tree of turns.
struct Turn {
  let row: Int64
  let uid: UInt32
  let parent: Int64?
  /// The conversation in which the turn was begun.
  let conversation: Int64?
}
