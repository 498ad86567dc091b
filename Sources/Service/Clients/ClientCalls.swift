package import EventLoop
package import JSON
package import Wire

/// Requests of ours to one client, and who waits for their answers.
@EventLoop
package final class ClientCalls {
  private struct Pending {
    let continuation: CheckedContinuation<ClientAnswer, Never>
    let timer: TimerSource
  }

  private var pending: [String: Pending] = [:]
  private var lastNumber = 0
  private var isClosed = false

  package init() {}

  /// Waits for the answer to a request that the closure sends, with ids "s:1", "s:2" and so on.
  package func perform(limit: Duration, send: (_ id: String) -> Void) async -> ClientAnswer {
    lastNumber += 1
    let id = "s:\(lastNumber)"
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        guard !isClosed else { return continuation.resume(returning: .disconnected) }
        do throws(LoopError) {
          let timer = try TimerSource { [weak self] in self?.end(id, .timedOut) }
          timer.arm(after: limit)
          pending[id] = Pending(continuation: continuation, timer: timer)
          send(id)
          if Task.isCancelled { end(id, .cancelled) }
        } catch {
          // Without a timer nobody would ever give up waiting.
          continuation.resume(returning: .timedOut)
        }
      }
    } onCancel: {
      EventLoop.start { self.end(id, .cancelled) }
    }
  }

  /// Takes an answer; one to a request that is not waited for any more is passed over.
  package func receive(_ id: RPCID, _ result: Result<RawJSON, RPCPeerError>) {
    guard let id = id.json.string else { return }
    end(id, .answered(result))
  }

  /// The client can answer nothing more.
  package func close() {
    isClosed = true
    for id in pending.keys { end(id, .disconnected) }
  }

  private func end(_ id: String, _ answer: ClientAnswer) {
    guard let call = pending.removeValue(forKey: id) else { return }
    call.timer.cancel()
    call.continuation.resume(returning: answer)
  }
}
