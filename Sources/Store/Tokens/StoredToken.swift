/// A token of a subject's, as far as it is known: never the token itself.
package struct StoredToken: Sendable, Equatable {
  /// What it sees of what its subject made.
  package enum View: String, Sendable, CaseIterable {
    /// What was made with it.
    case own
    /// All.
    case shared
    /// Nothing: it is a subject of its own.
    case isolated
  }

  /// What whoever comes with it may do.
  package struct Limits: Sendable, Equatable {
    /// Globs; nil for all.
    package var models: [String]?
    /// Globs of the daemon's tools.
    package var tools: [String] = []
    /// Billionths of a dollar in a day; nil for any.
    package var budget: Int64?
    package var isReadOnly = false
    package var view = View.own

    package init() {}
  }

  package let subject: Subject
  /// Unique among its subject's.
  package let name: String
  /// SHA-256 of the token as it is sent; empty for a row that is damaged.
  package let digest: [UInt8]
  package let limits: Limits
  /// Milliseconds since 1970, as is the last use.
  package let createdAt: Int64
  /// Late by some minutes.
  package var lastUsedAt: Int64?
}
