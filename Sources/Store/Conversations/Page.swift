/// Which part of a list is asked for (responses-api, "Lists").
package struct PageRequest: Sendable {
  package enum Order: Sendable {
    case ascending, descending
  }

  package var limit: Int
  package var order: Order
  /// The id of the element before the first wanted one.
  package var after: String?
  /// What a conversation's name begins with, or its id where that is the beginning of one.
  package var prefix: String?

  /// - Parameter limit: 1 to 100; others are brought to the nearest of these.
  package init(limit: Int = 20, order: Order = .descending, after: String? = nil) {
    self.limit = min(max(limit, 1), 100)
    self.order = order
    self.after = after
  }
}

/// A part of a list.
package struct Page<Element: Sendable>: Sendable {
  package let elements: [Element]
  package let hasMore: Bool

  /// Takes the elements that were read, of which there is one more than asked for when more follow.
  init(_ elements: [Element], limit: Int) {
    self.elements = Array(elements.prefix(limit))
    hasMore = elements.count > limit
  }
}
