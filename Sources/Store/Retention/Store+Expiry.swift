extension Store {
  /// Conversations, responses and event logs that one step deletes, so that others' commits come
  /// between the steps.
  private static let unitsAtOnce = 32

  /// Deletes what is older or more than the policy keeps, and erases its text.
  ///
  /// Called at the start and from time to time. Erases also what a crash left over.
  package func expire(_ policy: RetentionPolicy) async throws(StoreError) -> Expiry {
    var expiry = Expiry()
    let now = configuration.clock()
    file.removeOldBackups()
    try await dropEvents(endedBefore: now - policy.eventAge.milliseconds, &expiry)
    if let age = policy.maximumAge {
      try await delete(usedBefore: now - age.milliseconds, &expiry)
    }
    if let bytes = policy.maximumBytes { try await shrink(to: bytes, &expiry) }
    try await erase()
    return expiry
  }

  private func dropEvents(
    endedBefore time: Int64, _ expiry: inout Expiry
  ) async throws(StoreError) {
    var count: Int
    repeat {
      count = try await write { transaction throws(StoreError) in
        try transaction.expireEvents(endedBefore: time, limit: Self.unitsAtOnce)
      }
      expiry.eventLogs += count
    } while count == Self.unitsAtOnce
  }

  private func delete(usedBefore time: Int64, _ expiry: inout Expiry) async throws(StoreError) {
    let file = file
    var step: Expiry
    repeat {
      step = try await write { transaction throws(StoreError) in
        let step = try transaction.expire(usedBefore: time, limit: Self.unitsAtOnce)
        if !step.isEmpty { file.removeBackups() }
        return step
      }
      expiry.add(step)
    } while !step.isEmpty
  }

  private func shrink(to bytes: Int, _ expiry: inout Expiry) async throws(StoreError) {
    let file = file
    var step: Expiry
    repeat {
      step = try await write { transaction throws(StoreError) in
        let step = try transaction.shrink(to: bytes, limit: Self.unitsAtOnce)
        if !step.isEmpty { file.removeBackups() }
        return step
      }
      expiry.add(step)
    } while !step.isEmpty
  }
}

extension Duration {
  var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + attoseconds / 1_000_000_000_000_000
  }
}
