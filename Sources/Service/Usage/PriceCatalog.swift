internal import Configuration
internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Store

/// Reads what upstreams publish once a day, and keeps it for the next start.
///
/// Only CometAPI is known to publish prices, without a key. They are read when a request is made
/// and not before, so that an idle daemon asks nobody.
@EventLoop
final class PriceCatalog {
  private static let freshness: Int64 = 24 * 3600 * 1000
  private static let pauseAfterFailure: Duration = .seconds(3600)
  /// The list has some hundred models of about a kilobyte each.
  private static let maximumBytes = 16 << 20
  private static let timeout: Duration = .seconds(30)

  private let http: HTTPClient
  private let onTrouble: @EventLoop (String) -> Void
  private(set) var book = PriceBook()
  private var hasLoaded = false
  private var running: Set<String> = []
  private var failures: [String: LoopInstant] = [:]

  init(http: HTTPClient, onTrouble: @escaping @EventLoop (String) -> Void) {
    self.http = http
    self.onTrouble = onTrouble
  }

  /// Takes over what was read before the start.
  func load(from store: Store) async throws(StoreError) {
    guard !hasLoaded else { return }
    for list in try await store.priceLists() { book.take(list) }
    hasLoaded = true
  }

  /// Reads an upstream's prices when they are older than a day; returns at once.
  func refresh(_ upstream: UpstreamConfiguration, in store: Store) {
    guard hasLoaded, let address = Self.address(of: upstream), isDue(upstream.name) else { return }
    running.insert(upstream.name)
    EventLoop.start { [self] in
      await read(upstream, at: address, store)
      running.remove(upstream.name)
    }
  }

  /// Where an upstream publishes prices; nil for one that is not known to.
  static func address(of upstream: UpstreamConfiguration) -> String? {
    guard upstream.publishesPrices else { return nil }
    return "\(upstream.origin)/api/models"
  }

  private func isDue(_ name: String) -> Bool {
    if running.contains(name) { return false }
    if let failure = failures[name], EventLoop.now - failure < Self.pauseAfterFailure {
      return false
    }
    guard let readAt = book.readAt(name) else { return true }
    return SystemClock.milliseconds() - readAt >= Self.freshness
  }

  private func read(
    _ upstream: UpstreamConfiguration, at address: String, _ store: Store
  ) async {
    let request = HTTPRequest(
      .get, address, headers: ["Accept: application/json"],
      route: upstream.route)
    let answer = await http.fetch(
      request, maximumBytes: Self.maximumBytes, timeout: Self.timeout)
    guard case .success(let answer) = answer, answer.head.status == 200,
      let prices = Self.prices(answer.body)
    else {
      failures[upstream.name] = EventLoop.now
      return onTrouble("The prices of upstream \(upstream.name) could not be read: \(address)")
    }
    failures[upstream.name] = nil
    book.take(
      StoredPriceList(
        upstream: upstream.name, readAt: SystemClock.milliseconds(), prices: prices))
    do throws(StoreError) {
      try await store.replacePrices(of: upstream.name, with: prices)
    } catch {
      onTrouble("The prices of upstream \(upstream.name) were not stored: \(error)")
    }
  }

  private static func prices(_ body: [UInt8]) -> [StoredPrice]? {
    do throws(JSONError) {
      return PublishedPrices.read(try RawJSON(parsing: body, limits: .relayed))
    } catch {
      return nil
    }
  }
}
