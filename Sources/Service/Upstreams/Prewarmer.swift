internal import Configuration
internal import EventLoop
internal import HTTPClient
internal import Wire

/// Opens the connection to an upstream when a client connects, so that its first request finds one.
///
/// A client that asks at once opens the connection by itself, so nothing is done for a moment. The
/// request is a HEAD without the key: it costs nothing and its answer does not matter.
@EventLoop
final class Prewarmer {
  /// A one-shot client has sent its request by then.
  private static let patience: Duration = .milliseconds(20)
  /// Servers close idle connections after a minute or more.
  private static let assumedWarm: Duration = .seconds(50)

  private let http: HTTPClient
  private var timer: TimerSource?
  /// The upstream that a client most likely asks, once one may.
  private var expected: Upstream?
  private var lastAttempt: [String: LoopInstant] = [:]
  private var running: Set<String> = []

  init(http: HTTPClient) {
    self.http = http
  }

  /// A client has connected, or has cancelled what it asked and may ask something else.
  func expectRequest(to upstream: Upstream?) {
    guard expected == nil else { return }
    do throws(LoopError) {
      if timer == nil { timer = try TimerSource { [weak self] in self?.fire() } }
      timer?.arm(after: Self.patience)
      expected = upstream
    } catch {
      // The request opens its connection by itself.
      return
    }
  }

  private func fire() {
    let upstream = expected
    expected = nil
    guard let upstream, isCold(upstream) else { return }
    let name = upstream.name
    lastAttempt[name] = EventLoop.now
    running.insert(name)
    let configuration = upstream.configuration
    EventLoop.start { [self] in
      _ = await http.fetch(
        HTTPRequest(
          .head, configuration.url.appending(""), headers: ["User-Agent: halleyd/\(Version.text)"],
          route: configuration.route),
        maximumBytes: 1 << 16, timeout: configuration.connectTimeout * 2)
      running.remove(name)
    }
  }

  private func isCold(_ upstream: Upstream) -> Bool {
    let configuration = upstream.configuration
    guard configuration.prewarm, configuration.origin.scheme == .https, upstream.isReady,
      upstream.running == 0, !running.contains(upstream.name)
    else { return false }
    let uses = [upstream.lastUse, lastAttempt[upstream.name]].compactMap { $0 }
    // A request that was cancelled may have taken its connection along.
    return uses.allSatisfy { use in
      EventLoop.now - use > Self.assumedWarm || http.lastSevered.map { $0 >= use } ?? false
    }
  }
}
