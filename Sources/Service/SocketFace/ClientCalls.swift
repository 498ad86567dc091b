package import EventLoop
package import JSON
package import Plugins
package import Wire

/// Requests of ours to one client, and who waits for their answers.
@EventLoop
package final class ClientCalls {
  private struct Pending {
    let answer: Promise<ClientAnswer>
    let timer: TimerSource
  }

  private var pending: [String: Pending] = [:]
  private var lastNumber = 0
  private var isClosed = false

  package init() {}

  /// Waits for the answer to a request that the closure sends, with ids "s:1", "s:2" and so on.
  package func perform(limit: Duration, send: (_ id: String) -> Void) async -> ClientAnswer {
    guard !isClosed else { return .disconnected }
    lastNumber += 1
    let id = "s:\(lastNumber)"
    let answer = Promise<ClientAnswer>()
    do throws(LoopError) {
      let timer = try TimerSource { [weak self] in self?.end(id, .timedOut) }
      timer.arm(after: limit)
      pending[id] = Pending(answer: answer, timer: timer)
    } catch {
      // Without a timer nobody would ever give up waiting.
      return .timedOut
    }
    send(id)
    return await answer.wait { self.end(id, .cancelled) }
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
    call.answer.resolve(answer)
  }
}
