internal import JSON

/// Reading and writing rows of `responses`.
extension Transaction {
  private static let columns = """
    id, subject, response_id, turn, status, is_stored, is_background, created_at, ended_at, model,
    upstream, upstream_id, key_identity, client, previous_response_id, scope, idempotency_key,
    body_hash, instructions, object, error, checksum
    """

  private static let byID = "SELECT \(columns) FROM responses WHERE subject = ? AND response_id = ?"
  private static let byRow = "SELECT \(columns) FROM responses WHERE id = ? AND subject = ?"
  private static let insertion = """
    INSERT INTO responses (\(columns))
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    """

  func response(_ id: String, as owner: Owner) throws(StoreError) -> StoredResponse {
    let response = try database.first(
      Self.byID, .subject(owner), .text(id)
    ) { row throws(StoreError) in try Self.response(row) }
    guard let response, try sees(response, owner), try !isHidden(response) else {
      throw .notFound("response", id)
    }
    return response
  }

  /// Whether it was deleted with its conversation.
  func isHidden(_ response: StoredResponse) throws(StoreError) -> Bool {
    guard let turn = response.turn else { return false }
    return try isHidden(turn: turn)
  }

  /// Whether it may be seen. The token that made it stands in its turn; a row without one has no
  /// text, and is not found by its id anyway.
  func sees(_ response: StoredResponse, _ owner: Owner) throws(StoreError) -> Bool {
    if owner.seesAll { return true }
    guard let turn = response.turn else { return false }
    return owner.sees(madeBy: try self.turn(turn).token)
  }

  func response(_ handle: ResponseHandle) throws(StoreError) -> StoredResponse {
    let response = try database.first(
      Self.byRow, .integer(handle.row), .integer(handle.subject)
    ) { row throws(StoreError) in try Self.response(row) }
    guard let response else {
      throw StoreError(.notFound, "find the response", "the response was deleted")
    }
    return response
  }

  func response(
    idempotencyKey key: String, subject: Int64
  ) throws(StoreError) -> StoredResponse? {
    try database.first(
      "SELECT \(Self.columns) FROM responses WHERE subject = ? AND idempotency_key = ?",
      .integer(subject), .text(key)
    ) { row throws(StoreError) in try Self.response(row) }
  }

  /// The responses that had not ended when they were last written.
  func runningResponses() throws(StoreError) -> [Result<StoredResponse, StoreError>] {
    try database.all(
      "SELECT \(Self.columns) FROM responses WHERE ended_at IS NULL AND subject >= 0 ORDER BY id"
    ) { row in Result { () throws(StoreError) in try Self.response(row) } }
  }

  private static func response(_ row: borrowing Row) throws(StoreError) -> StoredResponse {
    let handle = ResponseHandle(subject: row.integer(1), row: row.integer(0))
    guard let status = ResponseStatus(rawValue: row.text(4)) else {
      throw .corrupt("responses", handle.row)
    }
    let key = row.optionalText(16).map {
      NewResponse.Idempotency(key: $0, bodyHash: row.bytes(17))
    }
    let response = StoredResponse(
      id: row.text(2), status: status, isStored: row.flag(5), isBackground: row.flag(6),
      createdAt: row.integer(7), endedAt: row.optionalInteger(8), model: row.optionalText(9),
      upstream: row.optionalText(10), upstreamID: row.optionalText(11),
      keyIdentity: row.optionalText(12), client: row.optionalText(13),
      previousResponseID: row.optionalText(14), scope: row.optionalText(15), idempotency: key,
      instructions: row.json(18), object: row.json(19), error: row.json(20), handle: handle,
      turn: row.optionalInteger(3))
    guard checksum(of: response) == row.integer(21) else {
      throw .corrupt("responses", handle.row)
    }
    return response
  }

  private static func checksum(of response: StoredResponse) -> Int64 {
    var checksum = Checksum()
    checksum.combine(response.handle.row)
    checksum.combine(response.handle.subject)
    checksum.combine(response.turn)
    checksum.combine(response.createdAt)
    checksum.combine(response.endedAt)
    checksum.combine(response.isStored)
    checksum.combine(response.isBackground)
    for text in [
      response.id, response.status.rawValue, response.model, response.upstream,
      response.upstreamID, response.keyIdentity, response.client, response.previousResponseID,
      response.scope, response.idempotency?.key,
    ] {
      checksum.combine(text)
    }
    checksum.combine(response.idempotency?.bodyHash[...])
    checksum.combine(response.instructions?.bytes)
    checksum.combine(response.object?.bytes)
    checksum.combine(response.error?.bytes)
    return checksum.value
  }

  func insert(_ response: StoredResponse) throws(StoreError) {
    try database.run(
      Self.insertion, .integer(response.handle.row), .integer(response.handle.subject),
      .text(response.id), .integer(response.turn), .text(response.status.rawValue),
      .flag(response.isStored),
      .flag(response.isBackground), .integer(response.createdAt), .integer(response.endedAt),
      .text(response.model), .text(response.upstream), .text(response.upstreamID),
      .text(response.keyIdentity), .text(response.client), .text(response.previousResponseID),
      .text(response.scope), .text(response.idempotency?.key),
      .blob(response.idempotency?.bodyHash[...]), .packed(response.instructions?.bytes),
      .packed(response.object?.bytes), .blob(response.error?.bytes),
      .integer(Self.checksum(of: response)))
  }

  /// Writes what may have changed since the row was read.
  func update(_ response: StoredResponse) throws(StoreError) {
    try database.run(
      """
      UPDATE responses SET response_id = ?, status = ?, ended_at = ?, model = ?, upstream = ?,
        upstream_id = ?, key_identity = ?, idempotency_key = ?, body_hash = ?, object = ?,
        error = ?, checksum = ?
      WHERE id = ?
      """, .text(response.id), .text(response.status.rawValue), .integer(response.endedAt),
      .text(response.model), .text(response.upstream), .text(response.upstreamID),
      .text(response.keyIdentity), .text(response.idempotency?.key),
      .blob(response.idempotency?.bodyHash[...]), .packed(response.object?.bytes),
      .blob(response.error?.bytes), .integer(Self.checksum(of: response)),
      .integer(response.handle.row))
  }
}

extension Row {
  func json(_ column: Int32) -> RawJSON? {
    optionalBytes(column).flatMap(PackedBytes.unpack).map { RawJSON(checked: $0[...]) }
  }
}
