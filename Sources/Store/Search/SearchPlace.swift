/// Where a search in one conversation looks: on the path to its head.
struct SearchPlace {
  /// More conversations than this are not named to the index; a path leads through as many as it
  /// was forked from.
  private static let mostNames = 64

  let conversation: StoredConversation
  private let turns: Set<Int64>
  private let hidden: Set<Int64>
  /// What the index calls the conversations in which those turns were begun.
  private let names: [String]

  init(_ conversation: StoredConversation, in transaction: Transaction) throws(StoreError) {
    self.conversation = conversation
    turns = try Self.turns(of: conversation, in: transaction)
    hidden = Set(try transaction.hiddenItems(of: conversation.row))
    names = try transaction.database.all(
      "SELECT DISTINCT place FROM turns WHERE id IN (SELECT value FROM json_each(?))",
      .text("[\(turns.map(String.init).joined(separator: ","))]")
    ) { IndexedText.place($0.optionalInteger(0)) }
  }

  /// Where a turn is damaged, nothing tells what was before it but where it was begun.
  private static func turns(
    of conversation: StoredConversation, in transaction: Transaction
  ) throws(StoreError) -> Set<Int64> {
    var turns: Set<Int64> = []
    var next = conversation.head
    while let row = next {
      turns.insert(row)
      let turn = try transaction.unlessDamaged { () throws(StoreError) in
        try transaction.turn(row)
      }
      guard let turn else {
        return turns.union(
          try transaction.database.all(
            "SELECT id FROM turns WHERE conversation = ?", .integer(conversation.row)
          ) { $0.integer(0) })
      }
      next = turn.parent
    }
    return turns
  }

  /// Lets the index look in those conversations only.
  func narrowed(_ expression: String) -> String {
    guard !names.isEmpty, names.count <= Self.mostNames else { return expression }
    let places = names.map { "\"\($0)\"" }.joined(separator: " OR ")
    return "place : (\(places)) AND (\(expression))"
  }

  /// Whether an item is on the path, and was not deleted from it.
  func shows(_ item: Int64, in transaction: Transaction) throws(StoreError) -> Bool {
    guard !hidden.contains(item) else { return false }
    let turn = try transaction.database.integer(
      "SELECT turn FROM items WHERE id = ?", .integer(item))
    return turn.map(turns.contains) ?? false
  }
}
