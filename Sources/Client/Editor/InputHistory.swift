/// What was typed before, and where in it the user is looking.
package struct InputHistory: Sendable {
  /// Oldest first.
  package private(set) var entries: [String]
  private var position: Int
  /// What was being typed when the user began to look back.
  private var draft = ""

  package init(_ entries: [String] = []) {
    self.entries = entries
    position = entries.count
  }

  /// Adds what was entered, unless it is what was entered last; looks at the end again.
  ///
  /// - Returns: whether it was added.
  package mutating func add(_ entry: String) -> Bool {
    defer { position = entries.count }
    guard !entry.isEmpty, entry != entries.last else { return false }
    entries.append(entry)
    return true
  }

  /// The entry before the one looked at; nil at the oldest.
  package mutating func previous(instead text: String) -> String? {
    guard position > 0 else { return nil }
    if position == entries.count { draft = text }
    position -= 1
    return entries[position]
  }

  /// The entry behind the one looked at, at last what was being typed; nil there.
  package mutating func next() -> String? {
    guard position < entries.count else { return nil }
    position += 1
    return position == entries.count ? draft : entries[position]
  }

  /// Finds the newest entry that holds a text.
  ///
  /// - Parameter index: only entries older than that one are looked at.
  package func newest(holding text: String, before index: Int? = nil) -> Int? {
    guard !text.isEmpty else { return nil }
    return entries[..<min(index ?? entries.count, entries.count)].lastIndex { $0.contains(text) }
  }

  /// Looks at an entry that was found.
  package mutating func show(_ index: Int, instead text: String) -> String {
    if position == entries.count { draft = text }
    position = index
    return entries[index]
  }
}
