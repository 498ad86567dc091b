package import Configuration
package import Store

/// What a model's tokens cost, in billionths of a dollar for a million of them.
package struct ModelPrice: Sendable, Equatable {
  package var input: NanoDollars
  /// nil where it is not known: then cached tokens are taken at the full price.
  package var cachedInput: NanoDollars?
  package var output: NanoDollars

  package init(input: NanoDollars, cachedInput: NanoDollars?, output: NanoDollars) {
    self.input = input
    self.cachedInput = cachedInput
    self.output = output
  }

  package init(_ price: PriceConfiguration) {
    self.init(input: price.input, cachedInput: price.cachedInput, output: price.output)
  }

  package init(_ price: StoredPrice) {
    self.init(
      input: NanoDollars(price.input), cachedInput: price.cachedInput.map { NanoDollars($0) },
      output: NanoDollars(price.output))
  }

  /// What tokens cost, rounded up to a billionth.
  package func cost(of tokens: TokenCounts) -> Cost {
    let cached = min(max(tokens.cached, 0), tokens.input)
    var sum = Sum()
    sum.add(tokens.input - cached, at: input)
    sum.add(cached, at: cachedInput ?? input)
    sum.add(tokens.output, at: output)
    return Cost(
      amount: sum.amount, isUpperBound: cached > 0 && cachedInput == nil && input.amount > 0)
  }

  /// Adds up exactly, in billionths of a dollar times a million.
  private struct Sum {
    private var millionths: Int128 = 0

    mutating func add(_ tokens: Int, at price: NanoDollars) {
      millionths += Int128(max(tokens, 0)) * Int128(price.amount)
    }

    var amount: NanoDollars {
      NanoDollars(Int64(clamping: (millionths + 999_999) / 1_000_000))
    }
  }
}

/// What a request cost.
package struct Cost: Sendable, Equatable {
  package var amount: NanoDollars
  /// Whether a part of it was cheaper by an unknown amount.
  package var isUpperBound: Bool

  package init(amount: NanoDollars, isUpperBound: Bool = false) {
    self.amount = amount
    self.isUpperBound = isUpperBound
  }

  package static let none = Cost(amount: NanoDollars(0))
}

extension NanoDollars {
  /// Sums stay within 64 bits, which hold nine billion dollars.
  package static func + (left: NanoDollars, right: NanoDollars) -> NanoDollars {
    let (sum, overflow) = left.amount.addingReportingOverflow(right.amount)
    return NanoDollars(overflow ? .max : sum)
  }

  package static func - (left: NanoDollars, right: NanoDollars) -> NanoDollars {
    let (difference, overflow) = left.amount.subtractingReportingOverflow(right.amount)
    return NanoDollars(overflow ? .min : difference)
  }

  package static let zero = NanoDollars(0)
}
