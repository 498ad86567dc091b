internal import EventLoop
internal import JSON
package import Wire

/// The calls that a plugin has not answered yet.
///
/// Each ends exactly once: answered, late, cancelled, or with the plugin.
@EventLoop
final class PendingCalls {
  /// What became of an answer.
  enum Reception {
    case taken
    /// Its call was given up before.
    case late
    /// There is no such call, or it was answered before.
    case unknown
  }

  private struct Call {
    let answer: Promise<Result<RawJSON, PluginError>>
    let timer: TimerSource
    let onAbandoned: ((RawJSON) -> Void)?
    /// Where its line ends in all that the plugin is sent; nil before it is on its way.
    var lineEnd: Int?
  }

  /// Calls without an answer that are remembered, so that a late one is told from a strange one.
  private static let mostAbandoned = 1024

  private let plugin: String
  private var calls: [Int64: Call] = [:]
  private var abandoned: Set<Int64> = []
  private var lastID: Int64 = 0

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
  /// - Parameters:
  ///   - lateness: what is said of a plugin that does not answer within the limit.
  ///   - send: writes the call and returns where its line ends; throws when that is not possible.
  func outcome(
    of id: Int64, limit: Duration, lateness: String, onAbandoned: ((RawJSON) -> Void)?,
    send: () throws(PluginError) -> Int
  ) async -> Result<RawJSON, PluginError> {
    let timer: TimerSource
    do throws(LoopError) {
      timer = try TimerSource { [weak self] in self?.timedOut(id, lateness) }
    } catch {
      return .failure(PluginError(.unavailable, "can't be called: \(error)", plugin: plugin))
    }
    defer { timer.cancel() }
    let answer = Promise<Result<RawJSON, PluginError>>()
    calls[id] = Call(answer: answer, timer: timer, onAbandoned: onAbandoned)
    timer.arm(after: limit)
    do throws(PluginError) {
      calls[id]?.lineEnd = try send()
    } catch {
      end(id, .failure(error))
    }
    return await answer.wait { self.cancelled(id) }
  }

  // MARK: Ends

  func receive(_ id: RPCID, _ answer: Result<RawJSON, RPCPeerError>) -> Reception {
    guard let number = Self.number(id.json) else { return .unknown }
    guard calls[number] != nil else { return abandoned.remove(number) == nil ? .unknown : .late }
    switch answer {
    case .success(let result): end(number, .success(result))
    case .failure(let error): end(number, .failure(PluginError(error, plugin: plugin)))
    }
    return .taken
  }

  /// Fails a call whose answer can't be taken; false where there is no such call.
  func fail(_ id: RawJSON, _ message: String) -> Bool {
    guard let number = Self.number(id), calls[number] != nil else { return false }
    end(number, .failure(PluginError(.protocolViolation, message, plugin: plugin)))
    return true
  }

  /// Fails the only call there is, with an error that says of none that it is its; false where it may
  /// be another's.
  func failOnly(_ error: RPCPeerError) -> Bool {
    guard calls.count == 1, let id = calls.keys.first else { return false }
    end(id, .failure(PluginError(error, plugin: plugin)))
    return true
  }

  /// Fails all calls; those whose line the plugin can't have read as `unsent`.
  ///
  /// - Parameter sent: bytes that went into the plugin's pipe.
  func failAll(_ code: PluginError.Code, _ message: String, sent: Int) {
    for (id, call) in calls.sorted(by: { $0.key < $1.key }) {
      let isSent = call.lineEnd.map { $0 <= sent } ?? true
      end(id, .failure(PluginError(isSent ? code : .unsent, message, plugin: plugin)))
    }
  }

  /// Some write back as a text what was a number, or with a fraction.
  private static func number(_ id: RawJSON) -> Int64? {
    if let number = id.integer ?? id.double.flatMap({ Int64(exactly: $0) }) { return number }
    guard let text = id.string, let number = Int64(text), "\(number)" == text else { return nil }
    return number
  }

  private func timedOut(_ id: Int64, _ lateness: String) {
    abandon(id, PluginError(.timedOut, lateness, plugin: plugin))
  }

  private func cancelled(_ id: Int64) {
    abandon(id, PluginError(.unavailable, "was not waited for any longer", plugin: plugin))
  }

  private func abandon(_ id: Int64, _ error: PluginError) {
    guard let call = calls[id] else { return }
    end(id, .failure(error))
    abandoned.insert(id)
    if abandoned.count > Self.mostAbandoned, let oldest = abandoned.min() {
      abandoned.remove(oldest)
    }
    call.onAbandoned?(.integer(id))
  }

  private func end(_ id: Int64, _ result: Result<RawJSON, PluginError>) {
    guard let call = calls.removeValue(forKey: id) else { return }
    call.timer.cancel()
    call.answer.resolve(result)
  }
}

extension PluginError {
  /// Bytes of a plugin's message that are worth handing on.
  private static let longestMessage = 512

  package init(_ error: RPCPeerError, plugin: String) {
    let text = error.json["message"]?.string ?? ""
    let shown = PluginText.shown(text.utf8.prefix(Self.longestMessage))
    self.init(
      .remote(error.json["code"]?.integer.map { Int($0) } ?? 0),
      "answered with an error", words: shown.isEmpty ? nil : shown, plugin: plugin)
  }
}
