/// Money in billionths of a US dollar, so that sums are exact.
package struct NanoDollars: Sendable, Hashable, Comparable {
  package let amount: Int64

  package init(_ amount: Int64) {
    self.amount = amount
  }

  package static func < (left: NanoDollars, right: NanoDollars) -> Bool {
    left.amount < right.amount
  }

  package var dollars: Double { Double(amount) / 1e9 }
}

/// What may be spent: `[budgets]`. Days and months are the local calendar's.
package struct BudgetsConfiguration: Sendable, Equatable {
  package enum UnknownPrice: String, Sendable, CaseIterable {
    case allow
    case deny
  }

  package struct Budget: Sendable, Equatable {
    package var daily: NanoDollars?
    package var monthly: NanoDollars?

    package init(daily: NanoDollars? = nil, monthly: NanoDollars? = nil) {
      self.daily = daily
      self.monthly = monthly
    }
  }

  package var overall = Budget()
  /// By the client's name.
  package var perClient: [String: Budget] = [:]
  package var perUser: [UInt32: Budget] = [:]
  package var onUnknownPrice = UnknownPrice.allow
  /// Percent of a budget at which a warning is logged.
  package var warnPercent = 80

  package init() {}
}

/// What a model's tokens cost: `[prices."MODEL"]`.
package struct PriceConfiguration: Sendable, Equatable {
  /// One model, or several by wildcards.
  package let model: Glob
  /// For a million tokens, as are the others.
  package var input = NanoDollars(0)
  /// nil where unknown: then cached tokens cost what others do.
  package var cachedInput: NanoDollars?
  package var output = NanoDollars(0)

  package init(model: Glob) {
    self.model = model
  }
}
