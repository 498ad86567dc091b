package import Configuration
package import Store

/// What models cost, as the configuration says and else as upstreams publish it.
package struct PriceBook: Sendable {
  private struct Published {
    let prices: [String: ModelPrice]
    let readAt: Int64
  }

  private var published: [String: Published] = [:]

  package init() {}

  /// Takes over what an upstream published, in the place of what it did before.
  package mutating func take(_ list: StoredPriceList) {
    let prices = list.prices.map { ($0.model, ModelPrice($0)) }
    published[list.upstream] = Published(
      prices: Dictionary(prices) { $1 }, readAt: list.readAt)
  }

  /// Returns the price of a model; nil where none is known.
  ///
  /// - Parameter model: as the upstream knows it.
  /// - Parameter name: as the client named it.
  package func price(
    of model: String, named name: String, at upstream: String, _ configured: [PriceConfiguration]
  ) -> ModelPrice? {
    let configured = configured.price(forModel: name) ?? configured.price(forModel: model)
    return configured.map { ModelPrice($0) } ?? published[upstream]?.prices[model]
  }

  /// When an upstream's prices were read, in milliseconds since 1970.
  package func readAt(_ upstream: String) -> Int64? {
    published[upstream]?.readAt
  }
}
