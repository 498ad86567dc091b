internal import EventLoop
internal import JSON
internal import Wire

/// The calls that a plugin has not answered yet.
///
/// Each ends exactly once: answered, late, cancelled, or with the plugin.
@EventLoop
final class PendingCalls {
  /// What became of an answer.
  enum Reception {
    case taken
    /// Its call was given up, or answered, before.
    case late
    /// There never was such a call.
    case unknown
  }

  private struct Call {
    let continuation: CheckedContinuation<Result<RawJSON, PluginError>, Never>
    let timer: TimerSource
    let onAbandoned: ((RawJSON) -> Void)?
  }

  private let plugin: String
  private var calls: [Int64: Call] = [:]
  private var lastID: Int64 = 0
  /// Called when a call was not answered in time.
  var onTimeout: () -> Void = {}

  init(plugin: String) {
    self.plugin = plugin
  }

  var isEmpty: Bool { calls.isEmpty }

  /// The id of a call to be made.
  func nextID() -> Int64 {
    lastID += 1
    return lastID
  }

  /// Waits for the answer.
  ///
  /// - Parameter send: writes the call; false when that is not possible.
  func outcome(
    of id: Int64, limit: Duration, onAbandoned: ((RawJSON) -> Void)?, send: () -> Bool
  ) async -> Result<RawJSON, PluginError> {
    let timer: TimerSource
    do throws(LoopError) {
      timer = try TimerSource { [weak self] in self?.timedOut(id, limit) }
    } catch {
      return .failure(PluginError(.unavailable, "can't be called: \(error)", plugin: plugin))
    }
    defer { timer.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        calls[id] = Call(continuation: continuation, timer: timer, onAbandoned: onAbandoned)
        timer.arm(after: limit)
        guard send() else { return end(id, .failure(unread)) }
        if Task.isCancelled { cancelled(id) }
      }
    } onCancel: {
      EventLoop.assumeIsolated { self.cancelled(id) }
    }
  }

  // MARK: Ends

  func receive(_ id: RPCID, _ answer: Result<RawJSON, RPCPeerError>) -> Reception {
    guard let number = id.json.integer, 1...max(lastID, 1) ~= number, lastID > 0 else {
      return .unknown
    }
    guard calls[number] != nil else { return .late }
    switch answer {
    case .success(let result): end(number, .success(result))
    case .failure(let error): end(number, .failure(PluginError(error, plugin: plugin)))
    }
    return .taken
  }

  func failAll(_ code: PluginError.Code, _ message: String) {
    let error = PluginError(code, message, plugin: plugin)
    for id in calls.keys.sorted() { end(id, .failure(error)) }
  }

  private var unread: PluginError {
    PluginError(.unavailable, "does not read what it is sent", plugin: plugin)
  }

  private func timedOut(_ id: Int64, _ limit: Duration) {
    let message = "did not answer within \(DurationText.text(limit))"
    abandon(id, PluginError(.timedOut, message, plugin: plugin))
    onTimeout()
  }

  private func cancelled(_ id: Int64) {
    abandon(id, PluginError(.unavailable, "was not waited for any longer", plugin: plugin))
  }

  private func abandon(_ id: Int64, _ error: PluginError) {
    guard let call = calls[id] else { return }
    end(id, .failure(error))
    call.onAbandoned?(.integer(id))
  }

  private func end(_ id: Int64, _ result: Result<RawJSON, PluginError>) {
    guard let call = calls.removeValue(forKey: id) else { return }
    call.timer.cancel()
    call.continuation.resume(returning: result)
  }
}

extension PluginError {
  /// Bytes of a plugin's message that are worth handing on.
  private static let longestMessage = 512

  init(_ error: RPCPeerError, plugin: String) {
    let text = error.json["message"]?.string ?? ""
    let shown = PluginText.shown(text.utf8.prefix(Self.longestMessage))
    self.init(
      .remote(error.json["code"]?.integer.map { Int($0) } ?? 0),
      shown.isEmpty ? "answered with an error" : "answered with an error: \(shown)", plugin: plugin)
  }
}
