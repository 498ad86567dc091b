internal import Configuration
package import JSON
package import Store

/// Reads the prices that an upstream publishes.
///
/// CometAPI's `GET /api/models` answers `{"data":[{"id","pricing":{"input","output","ratio"},…}]}`:
/// the maker's prices in US dollars for a million tokens, and what part of them is charged. Nothing
/// promises that shape, so other names of the same things are taken too, and numbers also as
/// strings. A model without a price for its tokens (pictures, video) is left out: it is unknown, not
/// free.
package enum PublishedPrices {
  /// nil for what is no list of models; prices that can't be read are left out.
  package static func read(_ json: RawJSON) -> [StoredPrice]? {
    let list = json["data"] ?? json["models"] ?? json
    guard list.kind == .array else { return nil }
    return list.elements.compactMap(price)
  }

  private static func price(of model: RawJSON) -> StoredPrice? {
    guard let name = first(of: ["id", "model", "name"], in: model)?.string, !name.isEmpty,
      name.utf8.count <= longestName
    else { return nil }
    let pricing = first(of: ["pricing", "price", "prices"], in: model) ?? model
    guard let ratio = ratio(pricing),
      let input = dollars(["input", "input_price", "prompt"], pricing, ratio),
      let output = dollars(["output", "output_price", "completion"], pricing, ratio)
    else { return nil }
    let cached = dollars(
      ["cached_input", "cached", "cache_read", "input_cache_read", "cached_input_price"], pricing,
      ratio)
    return StoredPrice(
      model: name, input: input.amount, cachedInput: cached?.amount, output: output.amount)
  }

  /// As long as a model's name may be in a request.
  private static let longestName = 256

  /// What part of the price is charged: 1 where nothing is said, nil for what can't be meant.
  private static func ratio(_ pricing: RawJSON) -> Double? {
    guard let json = pricing.nonNull("ratio") else { return 1 }
    guard let ratio = number(json), ratio > 0, ratio <= 100 else { return nil }
    return ratio
  }

  private static func dollars(
    _ names: [String], _ pricing: RawJSON, _ ratio: Double
  ) -> NanoDollars? {
    first(of: names, in: pricing).flatMap(number).flatMap { NanoDollars(dollars: $0 * ratio) }
  }

  private static func first(of names: [String], in json: RawJSON) -> RawJSON? {
    names.lazy.compactMap { json.nonNull($0) }.first
  }

  private static func number(_ json: RawJSON) -> Double? {
    json.double ?? json.string.flatMap { Double($0) }
  }
}
