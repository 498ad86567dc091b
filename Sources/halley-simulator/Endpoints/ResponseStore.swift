internal import JSON
internal import Synchronization

/// Keeps responses in memory, the latest ones at least.
final class ResponseStore: Sendable {
  private static let maximumResponses = 4096
  private static let maximumBytes = 512 << 20

  private struct State {
    var responses: [String: StoredResponse] = [:]
    /// Ids and sizes, the oldest first.
    var order: [(id: String, bytes: Int)] = []
    var bytes = 0
  }

  private let state = Mutex(State())

  func find(_ id: String) -> StoredResponse? {
    state.withLock { $0.responses[id] }
  }

  /// Finds an item of any stored context or output.
  func findItem(_ id: String) -> InputItem? {
    let responses = state.withLock { Array($0.responses.values) }
    for response in responses {
      if let item = response.chain.first(where: { $0.id == id }) { return item }
    }
    return nil
  }

  func insert(_ response: StoredResponse) {
    let bytes = response.bytes
    state.withLock { state in
      state.responses[response.id] = response
      state.order.append((response.id, bytes))
      state.bytes += bytes
      var dropped = 0
      while state.order.count - dropped > Self.maximumResponses
        || (state.bytes > Self.maximumBytes && dropped + 1 < state.order.count)
      {
        state.responses[state.order[dropped].id] = nil
        state.bytes -= state.order[dropped].bytes
        dropped += 1
      }
      state.order.removeFirst(dropped)
    }
  }

  func remove(_ id: String) -> StoredResponse? {
    state.withLock { $0.responses.removeValue(forKey: id) }
  }

  func removeAll() {
    state.withLock { $0 = State() }
  }
}
