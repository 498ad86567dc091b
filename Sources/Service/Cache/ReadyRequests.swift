internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// Requests that were answered from the cache, with their plans.
///
/// A client that asks the same again sends the same bytes, which need not be read, routed and
/// digested again. A request is held only where its plan depends on nothing but its bytes, the
/// configuration and the key of its upstream.
@EventLoop
final class ReadyRequests {
  struct Entry {
    let request: CreateRequest
    let plan: RequestPlan
    let body: UpstreamBody
    let key: CacheKey
    /// Whose answers the key is for.
    let keyIdentity: String
    let echoes: [FreshCopy.Echo]
  }

  private struct Key: Hashable {
    let principal: Principal
    let params: ArraySlice<UInt8>

    func hash(into hasher: inout Hasher) {
      hasher.combine(principal)
      unsafe params.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
  }

  /// What an entry takes beside its text, roughly.
  private static let overhead = 2048
  /// A longer request takes longer to be answered than to be read.
  private static let largestParams = 16 << 10
  private static let largestBytes = 4 << 20

  private var entries: [Key: Entry] = [:]
  private var bytes = 0

  nonisolated init() {}

  /// Whether a request of this length may be held.
  func takes(_ params: RawJSON) -> Bool { params.bytes.count <= Self.largestParams }

  func entry(_ params: RawJSON, as principal: Principal) -> Entry? {
    guard !entries.isEmpty, takes(params) else { return nil }
    return entries[Key(principal: principal, params: params.bytes)]
  }

  func insert(_ entry: Entry, _ params: RawJSON, as principal: Principal) {
    let size = Self.overhead + params.bytes.count
    // What is asked often is soon here again.
    if bytes + size > Self.largestBytes { removeAll() }
    let replaced = entries.updateValue(
      entry, forKey: Key(principal: principal, params: params.bytes))
    if replaced == nil { bytes += size }
  }

  /// Forgets everything; called when the configuration changes, and when a user deletes something:
  /// no copy of a text stays.
  func removeAll() {
    entries = [:]
    bytes = 0
  }
}
