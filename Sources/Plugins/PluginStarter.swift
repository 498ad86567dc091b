internal import Configuration
internal import EventLoop

/// Starts the guards of plugins, and with them what shall hold for both.
@EventLoop
protocol PluginStarter: Sendable {
  /// Whether the plugin's stderr is the journal's, under a name of its own.
  var hasJournal: Bool { get }

  /// Starts a guard.
  ///
  /// - Parameters:
  ///   - channel: the guard's end, which becomes its standard input.
  ///   - onAnswer: is told, once, why it does not start, or that there is nothing against it; maybe
  ///     after the guard's end.
  func start(
    _ channel: PipeEnd, for plugin: PluginConfiguration, onAnswer: @escaping (String?) -> Void
  ) throws(LoopError)

  /// Says where the daemon's state and keys are.
  func hide(_ paths: [String])

  /// Returns what the plugin's configuration asks for and can't be had here, for people; nil where
  /// all of it can.
  func shortcoming(for plugin: PluginConfiguration) async -> String?
}

/// Starts guards as children: what surrounds the daemon surrounds them.
struct ChildStarter: PluginStarter {
  let program: String
  let hasJournal = false

  func start(
    _ channel: PipeEnd, for plugin: PluginConfiguration, onAnswer: @escaping (String?) -> Void
  ) throws(LoopError) {
    let spawned = SpawnedProcess.start(
      program, [PluginGuard.name, plugin.name], environment: [],
      descriptors: [channel.descriptor, nil, nil])
    switch spawned {
    case .failure(let error): throw LoopError("posix_spawn", code: error.number)
    case .success(let process):
      try reap(process)
      onAnswer(nil)
    }
  }

  /// Keeps the kernel from keeping it.
  private func reap(_ process: SpawnedProcess) throws(LoopError) {
    var source: ChildSource?
    do throws(LoopError) {
      source = try ChildSource(processID: process.pid) { _ in source?.cancel() }
    } catch {
      _ = process.end(by: .now)
      throw error
    }
  }

  func hide(_ paths: [String]) {}

  func shortcoming(for plugin: PluginConfiguration) -> String? { plugin.shortcomingAsChild }
}
