internal import EventLoop
internal import Wire

/// Lets the requests of one conversation go one after the other, in the order they came.
@EventLoop
final class ConversationLines {
  private struct Line {
    let waiting: WaitingLine
    /// Those who are in it or about to be; without any the line is given up.
    var users = 0
  }

  private var lines: [String: Line] = [:]

  nonisolated init() {}

  /// Waits until the conversation is free.
  ///
  /// - Throws: `busy` instead of waiting, where that is asked for; `CancellationError`.
  func enter(_ conversation: String, orReject: Bool) async throws {
    var line = lines[conversation] ?? Line(waiting: WaitingLine(places: 1))
    guard line.users == 0 || !orReject else {
      throw RPCError(
        .busy, "a response is running in conversation \(conversation)", isRetryable: true)
    }
    line.users += 1
    lines[conversation] = line
    do {
      try await line.waiting.enter()
    } catch {
      release(conversation)
      throw error
    }
  }

  func leave(_ conversation: String) {
    lines[conversation]?.waiting.leave()
    release(conversation)
  }

  private func release(_ conversation: String) {
    guard var line = lines[conversation] else { return }
    line.users -= 1
    lines[conversation] = line.users > 0 ? line : nil
  }
}
