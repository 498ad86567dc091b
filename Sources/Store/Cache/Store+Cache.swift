/// The response cache.
///
/// An entry names a stored response, whose text is not kept twice: when that response is deleted or
/// changed, its entry goes with it. An entry holds digests and no text.
extension Store {
  /// Makes a response the answer to a key, in the place of an earlier one.
  ///
  /// Does nothing for a response that was not stored or has no object; returns whether there is an
  /// entry now.
  ///
  /// - Parameter parts: what is given back by `cacheParts`.
  package func cache(
    _ response: ResponseHandle, as key: [UInt8], parts: [UInt8]
  ) async throws(StoreError) -> Bool {
    try await write { transaction throws(StoreError) in
      try transaction.cache(response, as: key, parts: parts)
    }
  }

  /// Returns a user's answer to a key that was cached at or after a time in milliseconds since 1970.
  package nonisolated func cachedResponse(
    _ key: [UInt8], of subject: Subject, since time: Int64
  ) async throws(StoreError) -> CachedResponse? {
    try await reader.read { transaction throws(StoreError) in
      try transaction.cachedResponse(key, subject: transaction.known(subject), since: time)
    }
  }

  /// Notes that answers were given again.
  ///
  /// Returns before it is on disk; a crash loses only which answer is given up first.
  package func noteCacheUse(
    _ keys: [(subject: Subject, key: [UInt8])]
  ) async throws(StoreError) {
    try await write(isEager: true) { transaction throws(StoreError) in
      for use in keys {
        try transaction.noteCacheUse(use.key, subject: transaction.known(use.subject))
      }
    }
  }

  /// Returns a user's entries, the last used first.
  package nonisolated func cacheParts(of subject: Subject, limit: Int) async throws(StoreError)
    -> [CacheEntryParts]
  {
    try await reader.read { transaction throws(StoreError) in
      try transaction.cacheParts(subject: transaction.known(subject), limit: limit)
    }
  }

  /// Returns the first eight bytes of each key, so that most misses need no look at the disk.
  package nonisolated func cacheKeyPrefixes() async throws(StoreError) -> [UInt64] {
    try await reader.read { transaction throws(StoreError) in try transaction.cacheKeyPrefixes() }
  }

  /// Counts what is cached, of one user or of all.
  package nonisolated func cacheContents(of subject: Subject? = nil) async throws(StoreError)
    -> CacheContents
  {
    try await reader.read { transaction throws(StoreError) in
      try transaction.cacheContents(
        subject: subject.map { (subject) throws(StoreError) in try transaction.known(subject) })
    }
  }

  /// Removes a user's entries, those that were cached before a time where one is given; returns how
  /// many. The responses stay.
  package func clearCache(
    of subject: Subject, before time: Int64? = nil
  ) async throws(StoreError) -> Int {
    try await write { transaction throws(StoreError) in
      try transaction.clearCache(subject: transaction.known(subject), before: time ?? .max)
    }
  }

  /// Removes what was cached before a time, and then what was used longest ago until the answers
  /// have at most so many bytes.
  package func trimCache(
    cachedBefore time: Int64, maximumBytes: Int
  ) async throws(StoreError) -> CacheTrim {
    var removed = 0
    var some: Int
    repeat {
      some = try await step { transaction, budget throws(StoreError) in
        try transaction.trimCache(cachedBefore: time, &budget)
      }
      removed += some
    } while some > 0
    var left = try await cacheContents()
    while left.bytes > maximumBytes {
      let excess = left.bytes - maximumBytes
      let trimmed = try await step { transaction, budget throws(StoreError) in
        try transaction.trimCache(bytes: excess, &budget)
      }
      removed += trimmed.removed
      left = try await cacheContents()
      if trimmed.removed == 0 { break }
    }
    return CacheTrim(removed: removed, left: left)
  }
}
