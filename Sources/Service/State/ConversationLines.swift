internal import EventLoop
internal import Wire

/// Lets the requests of one conversation go one after the other, in the order they came.
@EventLoop
final class ConversationLines {
  private var lines: [String: WaitingLine] = [:]

  nonisolated init() {}

  /// Waits until the conversation is free.
  ///
  /// - Throws: `busy` instead of waiting, where that is asked for; `CancellationError`.
  func enter(_ conversation: String, orReject: Bool) async throws {
    let line = lines[conversation] ?? WaitingLine(places: 1)
    lines[conversation] = line
    guard line.isFree || !orReject else {
      throw RPCError(
        .busy, "a response is running in conversation \(conversation)", isRetryable: true)
    }
    try await line.enter()
  }

  func leave(_ conversation: String) {
    guard let line = lines[conversation] else { return }
    line.leave()
    if line.isUnused { lines[conversation] = nil }
  }
}
