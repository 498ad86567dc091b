package import JSON
internal import Store

/// An answer as the cache holds it in memory.
package struct CachedAnswer: Sendable {
  /// The response that was answered first.
  package let responseID: String
  /// As its client saw it.
  package let object: RawJSON
  /// Milliseconds since 1970.
  package let cachedAt: Int64
  package let upstream: String
  package let upstreamID: String?
  /// Whether its text is on disk, so that the record of a hit may follow its answer.
  package let isOnDisk: Bool

  package init(
    responseID: String, object: RawJSON, cachedAt: Int64, upstream: String, upstreamID: String?,
    isOnDisk: Bool
  ) {
    self.responseID = responseID
    self.object = object
    self.cachedAt = cachedAt
    self.upstream = upstream
    self.upstreamID = upstreamID
    self.isOnDisk = isOnDisk
  }

  init(_ response: CachedResponse) {
    self.init(
      responseID: response.id, object: response.object, cachedAt: response.cachedAt,
      upstream: response.upstream ?? "", upstreamID: response.upstreamID, isOnDisk: true)
  }
}
