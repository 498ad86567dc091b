package import JSON

extension Store {
  /// Ends a response in one transaction with its last changes and events, and settles its usage.
  ///
  /// - Throws: as `updateResponse`, `appendEvents`, `finishResponse` and `endUsage` do.
  package func finishResponse(
    _ response: ResponseHandle, _ ending: ResponseEnding, after update: ResponseUpdate?,
    events: [ArraySlice<UInt8>], from first: Int64, usage: SettledUsage? = nil
  ) async throws(StoreError) -> [StoredItem] {
    try await write { transaction throws(StoreError) in
      if let usage { try transaction.end(usage.handle, usage.ending) }
      return try transaction.finish(
        response, ending, after: update, events: events, from: first)
    }
  }

  /// Makes the row of a response and that of its usage together.
  ///
  /// - Returns: no usage where the same create was sent before.
  /// - Throws: as `beginResponse` does.
  package func beginResponse(
    _ response: NewResponse, using usage: NewUsage
  ) async throws(StoreError) -> (Beginning, UsageHandle?) {
    let row = nextResponseRow()
    return try await write { transaction throws(StoreError) in
      let beginning = try transaction.begin(response, row: row)
      guard case .started(let handle, _) = beginning else { return (beginning, nil) }
      var usage = usage
      usage.response = handle
      return (beginning, try transaction.begin(usage))
    }
  }
}

extension Store {
  /// Adds members to the `metadata` of a response that is stored; an equal key is replaced.
  ///
  /// - Throws: `notFound`.
  package func addMetadata(
    _ metadata: RawJSON, toResponse id: String, as principal: Principal
  ) async throws(StoreError) {
    try await write(as: principal) { transaction, owner throws(StoreError) in
      var response = try transaction.response(id, as: owner)
      guard let object = response.object else { throw .notFound("response", id) }
      var merged = object.nonNull("metadata") ?? .emptyObject
      for member in metadata.members { merged = merged.setting(member.key, to: member.value) }
      response.object = object.setting("metadata", to: merged)
      try transaction.update(response)
    }
  }
}

/// What a request came to, and the row that says so.
package struct SettledUsage: Sendable {
  let handle: UsageHandle
  let ending: UsageEnding

  package init(_ handle: UsageHandle, _ ending: UsageEnding) {
    self.handle = handle
    self.ending = ending
  }
}
