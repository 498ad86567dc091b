/// Which usage is summed up, and into which rows.
package struct UsageQuery: Sendable, Equatable {
  package enum Grouping: String, Sendable, CaseIterable {
    case day, model, upstream, client, conversation, uid
  }

  /// nil for everybody. A token that is not shared has the usage of its name as a client.
  package var principal: Principal?
  /// Milliseconds since 1970: requests that started then or later.
  package var since: Int64?
  /// Requests that started before.
  package var until: Int64?
  package var grouping = Grouping.day

  package init() {}
}

/// The ended requests of one group.
package struct UsageSummary: Sendable, Equatable {
  /// Milliseconds, over requests that reached an upstream; nil where there is none.
  package struct Latency: Sendable, Equatable {
    package internal(set) var average: Double?
    package internal(set) var median: Double?
  }

  /// What the group has in common; a day as in 20260131, nil for requests outside of conversations.
  package let group: String?
  package let requests: Int
  /// Requests that did not complete.
  package let unfinished: Int
  package let tokens: TokenCounts
  /// Billionths of a dollar, over the requests of known price; nil where there is none.
  package let cost: Int64?
  /// Requests of unknown price.
  package let unpriced: Int
  /// Requests whose tokens are estimated.
  package let estimated: Int
  /// Requests whose cost is an upper bound.
  package let upperBounds: Int
  package let hits: Int
  package let joined: Int
  package internal(set) var firstEvent: Latency
  package internal(set) var total: Latency
}

/// What was spent on one day by one client of one user.
package struct UsageSpending: Sendable, Equatable {
  /// As in 20260131.
  package let day: Int
  package let subject: Subject
  package let client: String
  /// Billionths of a dollar.
  package let cost: Int64

  package init(day: Int, subject: Subject, client: String, cost: Int64) {
    self.day = day
    self.subject = subject
    self.client = client
    self.cost = cost
  }
}
