internal import JSON

/// The life of a response: begun, updated, ended.
extension Transaction {
  func begin(_ new: NewResponse, row: Int64) throws(StoreError) -> Beginning {
    let owner = try writer(new.principal)
    if let idempotency = new.idempotency,
      let existing = try earlier(idempotency, as: owner, lifetime: new.idempotencyLifetime)
    {
      return .existing(existing)
    }
    guard try !isTaken(new.id, subject: owner.subject) else {
      throw StoreError(.conflict, "begin a response", "there is a response \"\(new.id)\" already")
    }
    let turn = new.isStored ? try addTurn(for: new, as: owner, .running) : nil
    let handle = ResponseHandle(subject: owner.subject, row: row)
    try insert(response(for: new, handle, turn: turn))
    guard let turn else { return .started(handle, input: []) }
    let input = try addItems(new.input, to: turn, at: 0, subject: owner.subject)
    return .started(handle, input: input)
  }

  /// Makes the row of a stored response that began and ended at once, with an id that is its own.
  ///
  /// - Parameter changes: what is known of the answer that it repeats.
  func recordEnded(
    _ new: NewResponse, _ object: RawJSON, _ changes: ResponseUpdate, row: Int64
  ) throws(StoreError) -> ResponseHandle {
    let owner = try writer(new.principal)
    let handle = ResponseHandle(subject: owner.subject, row: row)
    let turn = try addTurn(for: new, as: owner, new.parent == .none ? .leftOut : .waiting)
    var response = response(for: new, handle, turn: turn)
    response.status = .completed
    response.endedAt = now
    response.upstream = changes.upstream ?? response.upstream
    response.upstreamID = changes.upstreamID
    response.object = object
    try insert(response)
    let input = try addItems(new.input, to: turn, at: 0, subject: owner.subject)
    let output = object["output"]?.objects ?? []
    _ = try addItems(
      output, to: turn, at: Int64(input.count), subject: owner.subject, outputOf: new.id)
    if let scope = new.scope { try setLast(handle, ofScope: scope, token: owner.token) }
    return handle
  }

  private func response(
    for new: NewResponse, _ handle: ResponseHandle, turn: Int64?
  ) -> StoredResponse {
    StoredResponse(
      id: new.id, status: new.status, isStored: new.isStored, isBackground: new.isBackground,
      createdAt: now, endedAt: nil, model: new.model, upstream: new.upstream, upstreamID: nil,
      keyIdentity: new.keyIdentity, client: new.client,
      previousResponseID: new.previousResponseID, scope: new.scope,
      // Without its text it can't be replayed.
      idempotency: new.isStored ? new.idempotency : nil,
      instructions: new.isStored ? new.instructions : nil, object: nil, error: nil, handle: handle,
      turn: turn)
  }

  private func addTurn(
    for new: NewResponse, as owner: Owner, _ search: SearchState
  ) throws(StoreError) -> Int64 {
    switch new.parent {
    case .none:
      return try addTurn(as: owner, parent: nil, conversation: nil, search)
    case .response(let id):
      let parent = try response(id, as: owner)
      guard let turn = parent.turn else { throw .notFound("response", id) }
      try indexIfLeftOut(turn)
      return try addTurn(as: owner, parent: turn, conversation: nil, search)
    case .conversation(let id):
      let conversation = try conversation(id, as: owner)
      return try addTurn(
        as: owner, parent: conversation.head, conversation: conversation.row, search)
    }
  }

  /// The response that the same key made before, unless that is too long ago.
  private func earlier(
    _ idempotency: NewResponse.Idempotency, as owner: Owner, lifetime: Int64
  ) throws(StoreError) -> StoredResponse? {
    let found = try response(idempotencyKey: idempotency.key, subject: owner.subject)
    guard var earlier = found else { return nil }
    guard now - earlier.createdAt < lifetime, try !isHidden(earlier) else {
      earlier.idempotency = nil
      try update(earlier)
      return nil
    }
    guard try sees(earlier, owner) else {
      throw StoreError(
        .conflict, "begin a response",
        "idempotency key \"\(idempotency.key)\" was used with another token")
    }
    guard earlier.idempotency?.bodyHash == idempotency.bodyHash else {
      throw StoreError(
        .conflict, "begin a response",
        "idempotency key \"\(idempotency.key)\" was used with another body")
    }
    return earlier
  }

  private func isTaken(_ id: String, subject: Int64) throws(StoreError) -> Bool {
    try database.integer(
      "SELECT 1 FROM responses WHERE subject = ? AND response_id = ?", .integer(subject),
      .text(id)) != nil
  }

  /// Takes over the upstream's id unless another response has it; returns the id that holds.
  func adopt(_ id: String, for handle: ResponseHandle) throws(StoreError) -> String {
    var response = try running(handle)
    if response.id != id, try !isTaken(id, subject: handle.subject) { response.id = id }
    try update(response)
    return response.id
  }

  func apply(_ changes: ResponseUpdate, to handle: ResponseHandle) throws(StoreError) {
    var response = try running(handle)
    try apply(changes, to: &response)
    try update(response)
  }

  private func apply(
    _ changes: ResponseUpdate, to response: inout StoredResponse
  ) throws(StoreError) {
    if let id = changes.id, id != response.id {
      guard try !isTaken(id, subject: response.handle.subject) else {
        throw StoreError(
          .failed, "update a response", "the id \"\(id)\", which was told, is another response's")
      }
      response.id = id
    }
    if let status = changes.status, !status.isFinal { response.status = status }
    response.model = changes.model ?? response.model
    response.upstream = changes.upstream ?? response.upstream
    response.upstreamID = changes.upstreamID ?? response.upstreamID
    response.keyIdentity = changes.keyIdentity ?? response.keyIdentity
    if response.isStored { response.object = changes.object ?? response.object }
  }

  /// Ends a response with its last changes and events, and moves its conversation and scope to it.
  func finish(
    _ handle: ResponseHandle, _ ending: ResponseEnding, after changes: ResponseUpdate? = nil,
    events: [ArraySlice<UInt8>] = [], from first: Int64 = 0
  ) throws(StoreError) -> [StoredItem] {
    precondition(ending.status.isFinal, "a response ends with a final status")
    var response = try running(handle)
    if let changes { try apply(changes, to: &response) }
    if response.isStored { try appendEvents(events, from: first, to: handle.row) }
    response.status = ending.status
    response.endedAt = now
    if response.isStored {
      response.object = ending.object ?? response.object
      response.error = ending.error
    }
    try update(response)
    guard let turn = response.turn else { return [] }
    let output = try addItems(
      ending.output, to: turn, subject: handle.subject, outputOf: response.id)
    try setSearchState(of: turn, to: ending.continuesConversation ? .waiting : .leftOut)
    if ending.continuesConversation { try continueFrom(response, turn) }
    return output
  }

  private func continueFrom(_ response: StoredResponse, _ row: Int64) throws(StoreError) {
    let turn = try turn(row)
    if let conversation = turn.conversation { try append(row, to: conversation) }
    guard let scope = response.scope else { return }
    try setLast(response.handle, ofScope: scope, token: turn.token)
  }

  /// Makes a response the last one of a scope, unless one that was asked later is: an answer that
  /// took long is not what its user was at last. Each token has scopes of its own.
  func setLast(
    _ response: ResponseHandle, ofScope scope: String, token: String?
  ) throws(StoreError) {
    try database.run(
      """
      INSERT INTO scopes (subject, token, scope, response) VALUES (?, ?, ?, ?)
      ON CONFLICT (subject, token, scope) DO UPDATE SET response = excluded.response
        WHERE excluded.response > scopes.response
      """, .integer(response.subject), .text(token ?? ""), .text(scope), .integer(response.row))
  }

  private func running(_ handle: ResponseHandle) throws(StoreError) -> StoredResponse {
    let response = try response(handle)
    guard response.endedAt == nil else {
      throw StoreError(
        .conflict, "update a response", "response \"\(response.id)\" has ended already")
    }
    return response
  }

  /// The last response of a scope.
  func lastResponse(ofScope scope: String, as owner: Owner) throws(StoreError) -> String? {
    try database.first(
      """
      SELECT response_id, turn FROM scopes JOIN responses
        ON responses.id = scopes.response AND responses.subject = scopes.subject
      WHERE scopes.subject = ? AND scopes.token = ? AND scopes.scope = ?
      """, .subject(owner), .text(owner.token ?? ""), .text(scope)
    ) { row throws(StoreError) -> String? in
      guard let turn = row.optionalInteger(1), try isHidden(turn: turn) else { return row.text(0) }
      return nil
    }.flatMap(\.self)
  }
}
