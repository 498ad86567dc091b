internal import JSON

/// Deleting what is hidden, a little in each step.
///
/// A hidden row says how far that came: its turn, or its head, is the next to go, so that a step that
/// a crash cut off is taken again.
extension Transaction {
  /// A hidden conversation and what becomes of the turns that were begun in it.
  struct HiddenConversation: Sendable {
    let row: Int64
    /// Turns that go, each before those that it goes on from.
    var doomed: ArraySlice<Int64>
    /// Turns that another conversation shares.
    var shared: ArraySlice<Int64>
    /// That conversation.
    let holder: Int64?
  }

  /// Finds a hidden conversation; nil when there is none. Nothing goes on from one, so that this
  /// holds until it is gone.
  func hiddenConversation() throws(StoreError) -> HiddenConversation? {
    let conversation = try database.first(
      "SELECT \(Self.conversationColumns) FROM conversations WHERE subject = ? LIMIT 1",
      .integer(Self.nobody)
    ) { row throws(StoreError) in try Self.conversation(row) }
    guard let conversation else { return nil }
    let path = try path(from: conversation.head).map(\.row)
    let begun = try database.all(
      "SELECT id FROM turns WHERE conversation = ?", .integer(conversation.row)
    ) { $0.integer(0) }
    let shared = try sharedPart(of: path)
    let onPath = Set(path)
    let kept = Set(shared.turns)
    // Turns off the path failed or were cancelled; they go first, as they may hold the others.
    let doomed =
      begun.reversed().filter { !onPath.contains($0) } + path.filter { !kept.contains($0) }
    return HiddenConversation(
      row: conversation.row, doomed: doomed[...], shared: begun.filter(kept.contains)[...],
      holder: shared.holder)
  }

  /// The end of a path that conversations share with it, and one of them.
  private func sharedPart(
    of path: [Int64]
  ) throws(StoreError) -> (turns: ArraySlice<Int64>, holder: Int64?) {
    guard let root = path.last else { return ([], nil) }
    var start = path.endIndex
    var holder: Int64?
    for row in try conversations(holding: root) {
      let other = Set(try self.path(from: conversation(row: row)?.head).map(\.row))
      guard let index = path.firstIndex(where: other.contains), index < start else { continue }
      start = index
      holder = row
    }
    return (path[start...], holder)
  }

  // MARK: Steps

  /// Goes on deleting a conversation; returns whether it is gone.
  func purge(
    _ conversation: inout HiddenConversation, _ budget: inout StepBudget
  ) throws(StoreError) -> Bool {
    while let turn = conversation.doomed.first, !budget.isSpent {
      guard try purgeWithResponses(turn, &budget) else { return false }
      conversation.doomed.removeFirst()
    }
    while let turn = conversation.shared.first, !budget.isSpent {
      try move(turn, to: conversation.holder, &budget)
      conversation.shared.removeFirst()
    }
    guard !budget.isSpent, try forgetHiddenItems(of: conversation.row, &budget) else {
      return false
    }
    try database.run("DELETE FROM conversations WHERE id = ?", .integer(conversation.row))
    return true
  }

  /// Goes on deleting hidden responses, and the turns that only they held; returns whether all are
  /// gone.
  func purgeResponses(_ budget: inout StepBudget) throws(StoreError) -> Bool {
    while !budget.isSpent {
      let next = try database.first(
        "SELECT id, turn FROM responses WHERE subject = ? LIMIT 1", .integer(Self.nobody)
      ) { (row: $0.integer(0), turn: $0.optionalInteger(1)) }
      guard let next else { return true }
      guard try purgeEvents(of: next.row, &budget) else { return false }
      if let turn = next.turn, try !isHeld(turn) {
        // It moves the response on to the turn before.
        guard try purge(turn, &budget) else { return false }
      } else {
        budget.spend()
        try database.run("DELETE FROM responses WHERE id = ?", .integer(next.row))
      }
    }
    return false
  }

  private func move(
    _ turn: Int64, to conversation: Int64?, _ budget: inout StepBudget
  ) throws(StoreError) {
    budget.spend()
    try database.run(
      "UPDATE turns SET conversation = ? WHERE id = ?", .integer(conversation), .integer(turn))
  }

  /// Deletes the responses of a turn, and the turn unless something holds it; false where there is
  /// more to do.
  private func purgeWithResponses(
    _ turn: Int64, _ budget: inout StepBudget
  ) throws(StoreError) -> Bool {
    // A turn of added items alone goes with the one that came after it.
    let isThere = try database.integer("SELECT 1 FROM turns WHERE id = ?", .integer(turn)) != nil
    guard isThere else { return true }
    let responses = try database.all(
      "SELECT id FROM responses WHERE turn = ? AND subject >= 0", .integer(turn)
    ) { $0.integer(0) }
    for response in responses {
      guard try purgeEvents(of: response, &budget) else { return false }
      budget.spend()
      try database.run("DELETE FROM responses WHERE id = ?", .integer(response))
    }
    if try isHeld(turn) {
      try move(turn, to: nil, &budget)
      return true
    }
    return try purge(turn, &budget)
  }

  /// Whether anything that is not hidden needs a turn.
  private func isHeld(_ turn: Int64) throws(StoreError) -> Bool {
    try database.integer(
      """
      SELECT EXISTS (SELECT 1 FROM turns WHERE parent = ?1)
        OR EXISTS (SELECT 1 FROM conversations WHERE head = ?1 AND subject >= 0)
        OR EXISTS (SELECT 1 FROM responses WHERE turn = ?1 AND subject >= 0)
      """, .integer(turn)) == 1
  }

  /// Deletes a turn that nothing holds, its items first; false where there is more to do.
  private func purge(_ row: Int64, _ budget: inout StepBudget) throws(StoreError) -> Bool {
    let turn = try turn(row)
    while let item = try firstItem(ofTurn: row, subject: turn.subject) {
      guard !budget.isSpent else { return false }
      budget.spend(bytes: item.json.bytes.count)
      try removeFromIndex(item, subject: turn.subject)
      try database.run("DELETE FROM items WHERE id = ?", .integer(item.row))
    }
    let hidden = try database.all(
      "SELECT \(Self.conversationColumns) FROM conversations WHERE head = ?", .integer(row)
    ) { row throws(StoreError) in try Self.conversation(row) }
    for var conversation in hidden {
      conversation.head = turn.parent
      try update(conversation)
    }
    try database.run(
      "UPDATE responses SET turn = ? WHERE turn = ?", .integer(turn.parent), .integer(row))
    budget.spend(rows: 2)
    try database.run("DELETE FROM turns WHERE id = ?", .integer(row))
    return true
  }

  private func purgeEvents(
    of response: Int64, _ budget: inout StepBudget
  ) throws(StoreError) -> Bool {
    while let segment = try firstSegment(of: response) {
      guard !budget.isSpent else { return false }
      budget.spend(bytes: segment.bytes)
      try database.run("DELETE FROM events WHERE id = ?", .integer(segment.row))
    }
    return true
  }

  private func firstSegment(
    of response: Int64
  ) throws(StoreError) -> (row: Int64, bytes: Int)? {
    try database.first(
      "SELECT id, length(frames) FROM events WHERE response = ? ORDER BY first LIMIT 1",
      .integer(response)
    ) { (row: $0.integer(0), bytes: Int($0.integer(1))) }
  }

  private func forgetHiddenItems(
    of conversation: Int64, _ budget: inout StepBudget
  ) throws(StoreError) -> Bool {
    let items = try database.all(
      "SELECT item FROM hidden_items WHERE conversation = ? LIMIT ?", .integer(conversation),
      .integer(Int64(StepBudget.mostRows))
    ) { $0.integer(0) }
    for item in items {
      guard !budget.isSpent else { return false }
      budget.spend()
      try database.run(
        "DELETE FROM hidden_items WHERE conversation = ? AND item = ?", .integer(conversation),
        .integer(item))
    }
    return items.count < StepBudget.mostRows
  }
}
