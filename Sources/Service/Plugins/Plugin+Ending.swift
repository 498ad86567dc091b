internal import EventLoop

extension Plugin {
  // MARK: Rest

  /// Keeps it from being stopped for rest.
  func beginUse() {
    uses += 1
    restTimer?.disarm()
  }

  func endUse() {
    uses -= 1
    rest()
    if uses == 0 { onUnused() }
  }

  /// Stops it after `idle_stop` without a use.
  func rest() {
    guard uses == 0, case .running = phase, let idle = configuration.idleStop else { return }
    do throws(LoopError) {
      if restTimer == nil { restTimer = try TimerSource { [weak self] in self?.fallAsleep() } }
      restTimer?.arm(after: idle)
    } catch {
      // It stays.
      return
    }
  }

  private func fallAsleep() {
    guard uses == 0, case .running(let process) = phase else { return }
    phase = .stopping(process)
    process.stop()
  }

  // MARK: The end

  /// Stops it for good and waits until nothing of it is left. Calls in progress fail.
  package func close() async {
    let process = process
    phase = .closed
    restartTimer?.cancel()
    restTimer?.cancel()
    waiters.resume(.failure(unavailable("is being stopped")))
    guard let process else { return }
    process.stop()
    await process.end()
  }

  /// Closes it when the calls in progress have ended.
  func closeWhenUnused() async {
    if uses > 0 {
      await withCheckedContinuation { continuation in
        onUnused = { [self] in
          onUnused = {}
          continuation.resume()
        }
      }
    }
    await close()
  }
}
