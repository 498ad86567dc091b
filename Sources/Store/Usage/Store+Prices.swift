/// The price of one model's tokens as an upstream publishes it: billionths of a dollar for a million
/// tokens.
package struct StoredPrice: Sendable, Equatable {
  package let model: String
  package let input: Int64
  /// nil where the upstream does not say.
  package let cachedInput: Int64?
  package let output: Int64

  package init(model: String, input: Int64, cachedInput: Int64?, output: Int64) {
    self.model = model
    self.input = input
    self.cachedInput = cachedInput
    self.output = output
  }
}

/// What an upstream published, and when that was read.
package struct StoredPriceList: Sendable, Equatable {
  package let upstream: String
  /// Milliseconds since 1970.
  package let readAt: Int64
  package internal(set) var prices: [StoredPrice]

  package init(upstream: String, readAt: Int64, prices: [StoredPrice]) {
    self.upstream = upstream
    self.readAt = readAt
    self.prices = prices
  }
}

extension Store {
  /// Replaces what an upstream published before.
  package func replacePrices(
    of upstream: String, with prices: [StoredPrice]
  ) async throws(StoreError) {
    try await write { transaction throws(StoreError) in
      try transaction.replacePrices(of: upstream, with: prices)
    }
  }

  package nonisolated func priceLists() async throws(StoreError) -> [StoredPriceList] {
    try await reader.read { transaction throws(StoreError) in try transaction.priceLists() }
  }
}

extension Transaction {
  func replacePrices(of upstream: String, with prices: [StoredPrice]) throws(StoreError) {
    try database.run("DELETE FROM price_lists WHERE upstream = ?", .text(upstream))
    try database.run(
      "INSERT INTO price_lists (upstream, read_at) VALUES (?, ?)", .text(upstream), .integer(now))
    for price in prices {
      try database.run(
        """
        INSERT OR REPLACE INTO prices (upstream, model, input, cached_input, output)
        VALUES (?, ?, ?, ?, ?)
        """, .text(upstream), .text(price.model), .integer(price.input),
        .integer(price.cachedInput), .integer(price.output))
    }
  }

  func priceLists() throws(StoreError) -> [StoredPriceList] {
    var lists = try database.all(
      "SELECT upstream, read_at FROM price_lists ORDER BY upstream"
    ) { StoredPriceList(upstream: $0.text(0), readAt: $0.integer(1), prices: []) }
    for index in lists.indices {
      lists[index].prices = try database.all(
        "SELECT model, input, cached_input, output FROM prices WHERE upstream = ? ORDER BY model",
        .text(lists[index].upstream)
      ) { row in
        StoredPrice(
          model: row.text(0), input: row.integer(1), cachedInput: row.optionalInteger(2),
          output: row.integer(3))
      }
    }
    return lists
  }
}
