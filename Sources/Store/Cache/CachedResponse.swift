package import JSON

/// An answer that may be given again: a stored response, under the key of its request.
package struct CachedResponse: Sendable {
  /// The id of the response that was answered first.
  package let id: String
  package let object: RawJSON
  /// Milliseconds since 1970, of its entry in the cache.
  package let cachedAt: Int64
  package let upstream: String?
  package let upstreamID: String?
  package let model: String?
}

/// What is known of an entry without its answer, to compare requests.
package struct CacheEntryParts: Sendable {
  package let key: [UInt8]
  /// As the cache's writer gave them.
  package let parts: [UInt8]
  package let cachedAt: Int64
}

/// What the cache holds.
package struct CacheContents: Sendable, Equatable {
  package let entries: Int
  /// Of the answers.
  package let bytes: Int
}

/// What was removed to keep within the cache's limits.
package struct CacheTrim: Sendable, Equatable {
  package let removed: Int
  package let left: CacheContents
}
