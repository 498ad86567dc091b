internal import JSON

extension Transaction {
  /// Adds items to the end of a turn.
  ///
  /// - Parameters:
  ///   - position: of the first; looked up where it is not given.
  ///   - response: the id of the response whose output they are; nil for what was said to a model.
  func addItems(
    _ items: [RawJSON], to turn: Int64, at position: Int64? = nil, subject: Int64,
    outputOf response: String? = nil
  ) throws(StoreError) -> [StoredItem] {
    let next = if let position { position } else { try end(ofTurn: turn) }
    var stored: [StoredItem] = []
    for (offset, json) in items.enumerated() {
      let type = json["type"]?.string ?? "message"
      let made = response.flatMap { StoreID.item(ofType: type, of: $0, at: offset) }
      let item = StoredItem(
        id: try itemID(of: json, type: type, else: made, subject: subject), type: type,
        role: json["role"]?.string,
        isOutput: response != nil, createdAt: now, json: json, row: 0, turn: turn,
        position: next + Int64(offset))
      stored.append(try insert(item, subject: subject))
    }
    return stored
  }

  private func end(ofTurn turn: Int64) throws(StoreError) -> Int64 {
    try database.integer("SELECT max(position) + 1 FROM items WHERE turn = ?", .integer(turn)) ?? 0
  }

  /// The item's own id where no other item of the user has it; lists could not be paged otherwise.
  private func itemID(
    of json: RawJSON, type: String, else made: String?, subject: Int64
  ) throws(StoreError) -> String {
    let told = json["id"]?.string ?? ""
    guard let id = told.isEmpty ? made : told, try !hasItem(id, subject: subject) else {
      return StoreID.item(ofType: type)
    }
    return id
  }

  func hasItem(_ id: String, subject: Int64) throws(StoreError) -> Bool {
    try database.integer(
      "SELECT 1 FROM items WHERE subject = ? AND item_id = ?", .integer(subject), .text(id)) != nil
  }

  private func insert(_ item: StoredItem, subject: Int64) throws(StoreError) -> StoredItem {
    let row = try database.insert(
      """
      INSERT INTO items
        (subject, item_id, turn, position, is_output, type, role, created_at, json, checksum)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """, .integer(subject), .text(item.id), .integer(item.turn), .integer(item.position),
      .flag(item.isOutput), .text(item.type), .text(item.role), .integer(now),
      .blob(item.json.bytes), .integer(Self.checksum(of: item, subject: subject)))
    return StoredItem(
      id: item.id, type: item.type, role: item.role, isOutput: item.isOutput,
      createdAt: now, json: item.json, row: row, turn: item.turn, position: item.position)
  }

  private static func checksum(of item: StoredItem, subject: Int64) -> Int64 {
    var checksum = Checksum()
    checksum.combine(subject)
    checksum.combine(item.id)
    checksum.combine(item.turn)
    checksum.combine(item.position)
    checksum.combine(item.isOutput)
    checksum.combine(item.type)
    checksum.combine(item.role)
    checksum.combine(item.json.bytes)
    return checksum.value
  }

  // MARK: Reading

  private static let itemColumns =
    "id, item_id, turn, position, is_output, type, role, created_at, json, checksum"
  private static let itemsOfTurn =
    "SELECT \(itemColumns) FROM items WHERE turn = ? ORDER BY position"
  private static let itemByID =
    "SELECT \(itemColumns) FROM items WHERE subject = ? AND item_id = ?"
  private static let itemByRow = "SELECT \(itemColumns) FROM items WHERE id = ?"

  /// The items of one turn in their order.
  func items(ofTurn turn: Int64, subject: Int64) throws(StoreError) -> [StoredItem] {
    try database.all(
      Self.itemsOfTurn, .integer(turn)
    ) { row throws(StoreError) in try Self.item(row, subject: subject) }
  }

  /// Those items of a turn that are not damaged, in their order.
  func intactItems(ofTurn turn: Int64, subject: Int64) throws(StoreError) -> [StoredItem] {
    try database.all(
      "SELECT \(Self.itemColumns) FROM items WHERE turn = ? ORDER BY position", .integer(turn)
    ) { row throws(StoreError) in
      do throws(StoreError) {
        return try Self.item(row, subject: subject)
      } catch {
        guard error.code == .corrupt else { throw error }
        return nil
      }
    }
    .compactMap { $0 }
  }

  func firstItem(ofTurn turn: Int64, subject: Int64) throws(StoreError) -> StoredItem? {
    try database.first(
      "SELECT \(Self.itemColumns) FROM items WHERE turn = ? ORDER BY position LIMIT 1",
      .integer(turn)
    ) { row throws(StoreError) in try Self.item(row, subject: subject) }
  }

  /// The item with this id, in whatever turn and made by whomever.
  func item(_ id: String, subject: Int64) throws(StoreError) -> StoredItem? {
    try database.first(
      Self.itemByID, .integer(subject), .text(id)
    ) { row throws(StoreError) in try Self.item(row, subject: subject) }
  }

  /// The item with this id, where it may be seen.
  func item(_ id: String, as owner: Owner) throws(StoreError) -> StoredItem? {
    guard let item = try item(id, subject: owner.subject), try !isHidden(turn: item.turn) else {
      return nil
    }
    if owner.seesAll { return item }
    return owner.sees(madeBy: try turn(item.turn).token) ? item : nil
  }

  func item(row: Int64, subject: Int64) throws(StoreError) -> StoredItem? {
    try database.first(
      Self.itemByRow, .integer(row)
    ) { row throws(StoreError) in try Self.item(row, subject: subject) }
  }

  private static func item(
    _ row: borrowing Row, subject: Int64
  ) throws(StoreError) -> StoredItem {
    let item = StoredItem(
      id: row.text(1), type: row.text(5), role: row.optionalText(6), isOutput: row.flag(4),
      createdAt: row.integer(7), json: RawJSON(checked: row.bytes(8)[...]), row: row.integer(0),
      turn: row.integer(2), position: row.integer(3))
    guard checksum(of: item, subject: subject) == row.integer(9) else {
      throw .corrupt("items", item.row)
    }
    return item
  }
}
