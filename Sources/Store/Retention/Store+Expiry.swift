extension Store {
  /// What is hidden at once when the store is too large.
  private static let mostAtOnce = 32

  /// How long it waits for text to be erased from a log that somebody reads.
  private static let patience = Duration.seconds(600)

  /// Deletes what is older or more than the policy keeps, and erases its text.
  ///
  /// Called at the start and from time to time. Ends also what a crash cut off.
  package func expire(_ policy: RetentionPolicy) async throws(StoreError) -> Expiry {
    var expiry = Expiry()
    let now = configuration.clock()
    file.removeOldBackups()
    try await dropEvents(endedBefore: now - policy.eventAge.milliseconds, &expiry)
    if let age = policy.maximumAge {
      try await hide(usedBefore: now - age.milliseconds, &expiry)
    }
    if let bytes = policy.maximumBytes { try await shrink(to: bytes, &expiry) }
    try await sweep(patience: Self.patience)
    return expiry
  }

  private func dropEvents(
    endedBefore time: Int64, _ expiry: inout Expiry
  ) async throws(StoreError) {
    var walk = Transaction.ExpiryWalk()
    var isMore = true
    while isMore {
      let start = walk
      let dropped = try await step { transaction, budget throws(StoreError) in
        var walk = start
        let (logs, isMore) = try transaction.expireEvents(endedBefore: time, &walk, &budget)
        return (walk: walk, logs: logs, isMore: isMore)
      }
      walk = dropped.walk
      isMore = dropped.isMore
      expiry.eventLogs += dropped.logs
    }
  }

  private func hide(usedBefore time: Int64, _ expiry: inout Expiry) async throws(StoreError) {
    var walk = Transaction.ExpiryWalk()
    var hidden: Expiry
    repeat {
      hidden = try await hideSome(&walk) { transaction, walk, budget throws(StoreError) in
        try transaction.expire(usedBefore: time, &walk, &budget)
      }
      expiry.add(hidden)
    } while !hidden.isEmpty
  }

  /// Deletes what was used longest ago: one at first, and later as many as may be too much by what
  /// the ones before took.
  private func shrink(to bytes: Int, _ expiry: inout Expiry) async throws(StoreError) {
    var walk = Transaction.ExpiryWalk()
    var count = 1
    while true {
      let before = try await usedBytes()
      guard before > bytes else { return }
      let most = count
      let hidden = try await hideSome(&walk) { transaction, walk, budget throws(StoreError) in
        try transaction.expireOldest(most, &walk, &budget)
      }
      if hidden.isEmpty { return }
      expiry.add(hidden)
      try await sweepHidden()
      let after = try await usedBytes()
      let each = max(before - after, 1) / max(hidden.conversations + hidden.responses, 1)
      count = min(max((after - bytes) / max(2 * each, 1), 1), Self.mostAtOnce)
    }
  }

  private func usedBytes() async throws(StoreError) -> Int {
    try await reader.read { transaction throws(StoreError) in try transaction.usedBytes() }
  }

  private func hideSome(
    _ walk: inout Transaction.ExpiryWalk,
    _ body:
      @escaping (Transaction, inout Transaction.ExpiryWalk, inout StepBudget)
      throws(StoreError) -> Expiry
  ) async throws(StoreError) -> Expiry {
    let (start, file) = (walk, file)
    let hidden = try await step { transaction, budget throws(StoreError) in
      var walk = start
      let expiry = try body(transaction, &walk, &budget)
      if !expiry.isEmpty { file.removeBackups() }
      return (walk: walk, expiry: expiry)
    }
    walk = hidden.walk
    return hidden.expiry
  }
}

extension Duration {
  var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + attoseconds / 1_000_000_000_000_000
  }
}
