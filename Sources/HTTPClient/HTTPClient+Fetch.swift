internal import EventLoop

/// A whole answer, for requests whose answers are small.
package struct HTTPAnswer: Sendable {
  package let head: HTTPHead
  package let body: [UInt8]
}

extension HTTPClient {
  /// How long the rest of an answer may take whose status says already that the request failed.
  package nonisolated static let errorBodyTimeout: Duration = .seconds(5)

  /// Sends a request and collects its answer.
  ///
  /// - Parameter maximumBytes: a larger body is an error.
  /// - Parameter timeout: for the whole exchange.
  package func fetch(
    _ request: HTTPRequest, maximumBytes: Int, timeout: Duration
  ) async -> Result<HTTPAnswer, HTTPError> {
    let fetch = Fetch(maximumBytes: maximumBytes)
    fetch.start(request, self, timeout: timeout)
    return await fetch.answer.wait { fetch.cancel() }
  }
}

@EventLoop
private final class Fetch {
  private let maximumBytes: Int
  let answer = Promise<Result<HTTPAnswer, HTTPError>>()
  private var head: HTTPHead?
  private var body: [UInt8] = []
  private var transfer: Transfer?
  private var timer: TimerSource?

  init(maximumBytes: Int) {
    self.maximumBytes = maximumBytes
  }

  func start(_ request: HTTPRequest, _ client: HTTPClient, timeout: Duration) {
    do throws(LoopError) {
      timer = try TimerSource { [self] in
        if let head, head.status >= 300 { return end(.success(HTTPAnswer(head: head, body: body))) }
        end(.failure(HTTPError(.receive, "no whole answer within \(timeout)")))
      }
      timer?.arm(after: timeout)
    } catch {
      return end(.failure(HTTPError(.outOfMemory, error.description)))
    }
    do throws(HTTPError) {
      transfer = try client.start(
        request,
        TransferCallbacks(
          onHead: { [self] in receive($0) }, onBody: { [self] in collect($0) },
          onEnd: { [self] in finish($0) }))
    } catch {
      end(.failure(error))
    }
  }

  private func receive(_ head: HTTPHead) {
    self.head = head
    if head.status >= 300 { timer?.arm(after: HTTPClient.errorBodyTimeout) }
  }

  /// Ends the exchange; nothing where it has ended.
  func cancel() {
    end(.failure(HTTPError(.receive, "nobody waits for the answer any more")))
  }

  private func collect(_ bytes: borrowing Span<UInt8>) {
    guard body.count + bytes.count <= maximumBytes else {
      return end(
        .failure(HTTPError(.protocolViolation, "an answer of more than \(maximumBytes) bytes")))
    }
    for index in bytes.indices { body.append(bytes[index]) }
  }

  private func finish(_ ending: Result<TransferMetrics, HTTPError>) {
    switch (ending, head) {
    case (.failure(let error), _): end(.failure(error))
    case (.success, let head?): end(.success(HTTPAnswer(head: head, body: body)))
    case (.success, nil): end(.failure(HTTPError(.receive, "an answer without a status")))
    }
  }

  private func end(_ result: Result<HTTPAnswer, HTTPError>) {
    timer?.cancel()
    timer = nil
    transfer?.cancel()
    transfer = nil
    answer.resolve(result)
  }
}
