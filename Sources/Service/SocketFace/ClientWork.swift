internal import EventLoop
internal import Wire

/// The tasks of one client's requests that are answered later, and which of these requests were
/// cancelled before they had an answer.
@EventLoop
final class ClientWork {
  typealias Body = @EventLoop () async throws(RPCError) -> Void

  private var tasks: [RPCID: Task<Void, Never>] = [:]
  private var cancelled: Set<RPCID> = []
  private var lastInTurn: Task<Void, Never>?

  nonisolated init() {}

  /// Begins a request's work in the next turn of the loop, unless it is cancelled by then.
  ///
  /// - Parameters:
  ///   - isInTurn: whether it waits for the work before it that was begun so.
  ///   - mayBegin: waits until there is room for an answer; false where nobody wants one any more.
  ///   - fail: answers the request with an error.
  func begin(
    _ id: RPCID, isInTurn: Bool, mayBegin: @escaping @EventLoop () async -> Bool,
    _ body: @escaping Body, fail: @escaping @EventLoop (RPCError) -> Void
  ) {
    let previous = isInTurn ? lastInTurn : nil
    let task = EventLoop.start { [self] in
      await previous?.value
      guard await mayBegin() else { return }
      guard !isCancelled(id) else { return fail(.requestCancelled) }
      do throws(RPCError) {
        try await body()
      } catch {
        fail(isCancelled(id) ? .requestCancelled : error)
      }
    }
    if isInTurn { lastInTurn = task }
    tasks[id] = task
  }

  func isCancelled(_ id: RPCID) -> Bool { cancelled.contains(id) }

  func cancel(_ id: RPCID) {
    cancelled.insert(id)
    tasks[id]?.cancel()
  }

  /// Forgets a request that is answered, or by a source from now on.
  func forget(_ id: RPCID) {
    tasks[id] = nil
    cancelled.remove(id)
  }
}
