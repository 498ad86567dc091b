package import Configuration
package import EventLoop
package import HTTPClient
internal import Wire

/// Asks upstreams that are left alone whether they are back, so that no user has to find out.
///
/// `GET /models` costs nothing. Whatever is answered below 500 says that the upstream works.
@EventLoop
package final class BreakerProbe {
  private static let interval: Duration = .seconds(5)
  private static let maximumBytes = 16 << 20

  private let http: HTTPClient
  private let keys: APIKeys
  private var watched: Set<ObjectIdentifier> = []

  package init(http: HTTPClient, keys: APIKeys) {
    self.http = http
    self.keys = keys
  }

  /// Asks every five seconds for as long as requests are kept away; returns at once.
  func watch(_ upstream: Upstream) {
    guard watched.insert(ObjectIdentifier(upstream)).inserted else { return }
    EventLoop.start { [self] in
      await ask(upstream)
      watched.remove(ObjectIdentifier(upstream))
    }
  }

  private func ask(_ upstream: Upstream) async {
    var next = EventLoop.now
    repeat {
      next = next + Self.interval
      await EventLoop.sleep(for: next - EventLoop.now)
      guard upstream.breaker.wait(at: EventLoop.now) != nil else { return }
      if await answers(upstream) { upstream.breaker.letThrough(at: EventLoop.now) }
    } while upstream.breaker.wait(at: EventLoop.now) != nil
  }

  private func answers(_ upstream: Upstream) async -> Bool {
    do throws(RPCError) {
      let key = try await upstream.apiKey(keys)
      let request = UpstreamRequest.get("/models", upstream.configuration, key: key)
      let answer = await http.fetch(
        request, maximumBytes: Self.maximumBytes, timeout: Self.interval)
      guard case .success(let answer) = answer else { return false }
      return answer.head.status < 500
    } catch {
      return false
    }
  }
}
