internal import Configuration
package import JSON
package import Store

/// Says whether a request is answered from the cache, and why.
package struct CacheExplanation: Sendable {
  /// The entry that is most like the request.
  package struct Nearest: Sendable {
    /// In words; empty for an entry of the same key.
    let differences: [String]
    /// Milliseconds.
    let age: Int64
    let isExpired: Bool
  }

  let key: CacheKey
  /// Of the answer that was found, in milliseconds.
  let age: Int64?
  let obstacle: String?
  let nearest: Nearest?

  package init(key: CacheKey, age: Int64?, obstacle: String?, nearest: Nearest?) {
    self.key = key
    self.age = age
    self.obstacle = obstacle
    self.nearest = nearest
  }

  /// Finds the entry that differs in the fewest parts, of several the last used.
  package static func nearest(
    to request: CacheableRequest, among entries: [CacheEntryParts], at now: Int64, oldest: Int64
  ) -> Nearest? {
    var best: (differences: [String], entry: CacheEntryParts)?
    for entry in entries {
      guard let parts = CacheParts(encoded: entry.parts) else { continue }
      let differences =
        entry.key == request.key.digest.bytes ? [] : request.parts.differences(from: parts)
      if let best, best.differences.count <= differences.count { continue }
      best = (differences, entry)
    }
    return best.map {
      Nearest(
        differences: $0.differences, age: max(0, now - $0.entry.cachedAt),
        isExpired: $0.entry.cachedAt < oldest)
    }
  }

  package var json: RawJSON {
    .object { result in
      result.member("key", key.text)
      result.member("hit", age != nil)
      if let age { result.member("age_s", max(0, age) / 1000) }
      result.member("reason", reason)
    }
  }

  /// For people.
  package var reason: String {
    if let age { return "the same request was answered \(Self.spoken(age)) ago" }
    if let obstacle { return obstacle }
    guard let nearest else { return "nothing was cached yet" }
    let age = Self.spoken(nearest.age)
    if nearest.differences.isEmpty {
      return nearest.isExpired
        ? "the answer to this request is \(age) old, older than the cache keeps answers"
        : "the answer to this request was changed or deleted"
    }
    return "of the request most like it, answered \(age) ago, "
      + nearest.differences.joined(separator: ", ")
  }

  private static func spoken(_ milliseconds: Int64) -> String {
    let seconds = max(0, milliseconds) / 1000
    switch seconds {
    case ..<120: return "\(seconds) s"
    case ..<7200: return "\(seconds / 60) min"
    case ..<172_800: return "\(seconds / 3600) h"
    default: return "\(seconds / 86_400) days"
    }
  }
}
