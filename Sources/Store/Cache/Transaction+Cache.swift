internal import JSON

/// Reading and writing rows of `cache_entries`.
///
/// 1. An entry is found only together with its response, as that was when the entry was made.
/// 2. A response that lost an item has another size, and its entry is no longer found.
extension Transaction {
  func cache(
    _ handle: ResponseHandle, as key: [UInt8], parts: [UInt8]
  ) throws(StoreError) -> Bool {
    let object = try database.first(
      """
      SELECT object FROM responses
      WHERE id = ? AND subject = ? AND is_stored = 1 AND status = 'completed'
      """, .integer(handle.row), .integer(handle.subject)
    ) { $0.json(0) }
    guard let size = (object ?? nil).map({ Int64($0.bytes.count) }) else { return false }
    let entry = CacheEntry(
      subject: handle.subject, key: key, response: handle.row, size: size, cachedAt: now,
      parts: parts)
    try database.run(
      """
      INSERT INTO cache_entries (subject, key, response, size, cached_at, used_at, parts, checksum)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (subject, key) DO UPDATE SET response = excluded.response, size = excluded.size,
        cached_at = excluded.cached_at, used_at = excluded.used_at, parts = excluded.parts,
        checksum = excluded.checksum
      """, .integer(entry.subject), .blob(key[...]), .integer(handle.row), .integer(size),
      .integer(now), .integer(now), .blob(parts[...]), .integer(entry.checksum))
    return true
  }

  func cachedResponse(
    _ key: [UInt8], subject: Int64, since time: Int64
  ) throws(StoreError) -> CachedResponse? {
    let entry = try database.first(
      """
      SELECT response, size, cached_at, parts, checksum, id FROM cache_entries
      WHERE subject = ? AND key = ? AND cached_at >= ?
      """, .integer(subject), .blob(key[...]), .integer(time)
    ) { row throws(StoreError) in
      let entry = CacheEntry(
        subject: subject, key: key, response: row.integer(0), size: row.integer(1),
        cachedAt: row.integer(2), parts: row.bytes(3))
      guard entry.checksum == row.integer(4) else {
        throw StoreError.corrupt("cache_entries", row.integer(5))
      }
      return entry
    }
    guard let entry else { return nil }
    let response = try response(ResponseHandle(subject: subject, row: entry.response))
    guard let object = response.object, object.bytes.count == entry.size, try !isHidden(response)
    else { return nil }
    return CachedResponse(
      id: response.id, object: object, cachedAt: entry.cachedAt, upstream: response.upstream,
      upstreamID: response.upstreamID, model: response.model)
  }

  func noteCacheUse(_ key: [UInt8], subject: Int64) throws(StoreError) {
    try database.run(
      "UPDATE cache_entries SET used_at = ? WHERE subject = ? AND key = ?", .integer(now),
      .integer(subject), .blob(key[...]))
  }

  func cacheParts(subject: Int64, limit: Int) throws(StoreError) -> [CacheEntryParts] {
    try database.all(
      """
      SELECT key, parts, cached_at FROM cache_entries WHERE subject = ?
      ORDER BY used_at DESC, id DESC LIMIT ?
      """, .integer(subject), .integer(Int64(limit))
    ) { CacheEntryParts(key: $0.bytes(0), parts: $0.bytes(1), cachedAt: $0.integer(2)) }
  }

  func cacheKeyPrefixes() throws(StoreError) -> [UInt64] {
    try database.all("SELECT key FROM cache_entries") { row in
      row.bytes(0).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  func cacheContents(subject: Int64? = nil) throws(StoreError) -> CacheContents {
    let sums = "SELECT count(*), sum(size) FROM cache_entries"
    let read = { (row: borrowing Row) in
      CacheContents(entries: Int(row.integer(0)), bytes: Int(row.integer(1)))
    }
    let contents =
      if let subject {
        try database.first("\(sums) WHERE subject = ?", .integer(subject), read: read)
      } else {
        try database.first("\(sums) WHERE used_at >= 0", read: read)
      }
    return contents ?? CacheContents(entries: 0, bytes: 0)
  }

  func clearCache(subject: Int64, before time: Int64) throws(StoreError) -> Int {
    try database.run(
      "DELETE FROM cache_entries WHERE subject = ? AND cached_at < ?", .integer(subject),
      .integer(time))
  }

  /// Removes some of what was cached before a time; returns how many.
  func trimCache(
    cachedBefore time: Int64, _ budget: inout StepBudget
  ) throws(StoreError) -> Int {
    budget.spend(rows: StepBudget.mostRows)
    return try database.run(
      """
      DELETE FROM cache_entries
      WHERE id IN (SELECT id FROM cache_entries WHERE cached_at < ? LIMIT ?)
      """, .integer(time), .integer(Int64(StepBudget.mostRows)))
  }

  /// Removes some of what was used longest ago, until the answers have so many bytes less.
  func trimCache(
    bytes: Int, _ budget: inout StepBudget
  ) throws(StoreError) -> (removed: Int, bytes: Int) {
    let oldest = try database.all(
      "SELECT id, size FROM cache_entries WHERE used_at >= 0 ORDER BY used_at, id LIMIT ?",
      .integer(Int64(StepBudget.mostRows))
    ) { (row: $0.integer(0), bytes: Int($0.integer(1))) }
    var trimmed = (removed: 0, bytes: 0)
    for entry in oldest where trimmed.bytes < bytes && !budget.isSpent {
      budget.spend()
      trimmed.removed += try database.run(
        "DELETE FROM cache_entries WHERE id = ?", .integer(entry.row))
      trimmed.bytes += entry.bytes
    }
    return trimmed
  }
}

/// A row of `cache_entries`, of which only the time of its last use changes.
private struct CacheEntry {
  /// The number of whose it is.
  let subject: Int64
  let key: [UInt8]
  let response: Int64
  let size: Int64
  let cachedAt: Int64
  let parts: [UInt8]

  var checksum: Int64 {
    var checksum = Checksum()
    checksum.combine(subject)
    checksum.combine(key[...])
    checksum.combine(response)
    checksum.combine(size)
    checksum.combine(cachedAt)
    checksum.combine(parts[...])
    return checksum.value
  }
}
