internal import Configuration
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
    if uses == 0 { lastUses?.cancel() }
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
    startTask?.cancel()
    restartTimer?.cancel()
    restTimer?.cancel()
    guard let process else { return }
    process.stop()
    await process.end()
  }

  /// Closes it when the calls in progress have ended, or after a while.
  ///
  /// - Parameter patience: nil for as long as a call may take.
  func closeWhenUnused(within patience: Duration? = nil) async {
    let longestCall =
      configuration.startTimeout + max(configuration.timeout, configuration.toolTimeout)
    if uses > 0 {
      let wait = EventLoop.start { await EventLoop.sleep(for: patience ?? longestCall) }
      lastUses = wait
      await wait.value
    }
    await close()
  }
}
