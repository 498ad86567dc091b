internal import Configuration
internal import EventLoop
internal import JSON

/// The calls of a plugin's observing hooks that are still to be made, one after the other; no
/// request waits for them.
@EventLoop
final class HookQueue {
  struct Observation {
    let hook: PluginConfiguration.Hook
    let params: RawJSON
    let onResult: (RawJSON) -> Void
  }

  /// What waits for a plugin that is slower than the requests; the oldest is dropped for the newest.
  static let mostObservations = 256
  static let mostBytes = 64 << 20

  private unowned let plugin: Plugin
  private var waiting: [Observation] = []
  private var bytes = 0
  private var isWorking = false

  init(_ plugin: Plugin) {
    self.plugin = plugin
  }

  func add(_ observation: Observation) {
    waiting.append(observation)
    bytes += observation.params.bytes.count
    while waiting.count > Self.mostObservations || (bytes > Self.mostBytes && waiting.count > 1) {
      bytes -= waiting.removeFirst().params.bytes.count
      plugin.hookFailed("does not keep up: an observation was dropped")
    }
    guard !isWorking else { return }
    isWorking = true
    plugin.beginUse()
    // Behind the answer: the client need not wait for the plugin.
    EventLoop.start { [plugin] in
      await self.work()
      plugin.endUse()
    }
  }

  private func work() async {
    while !waiting.isEmpty {
      let next = waiting.removeFirst()
      bytes -= next.params.bytes.count
      do throws(PluginError) {
        next.onResult(
          try await plugin.call(
            next.hook.method, next.params, limit: plugin.configuration.timeout))
      } catch {
        plugin.hookFailed("\(error.told) (\(next.hook.method))", words: error.words)
      }
    }
    isWorking = false
  }
}

extension PluginConfiguration.Hook {
  var method: String { "hooks/\(rawValue)" }
}
