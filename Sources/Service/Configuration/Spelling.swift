/// Finds what somebody probably meant.
package enum Spelling {
  /// Returns the known name nearest to one that is not known; nil when none is near.
  ///
  /// Near is up to a third of the name's length in edits, at least one and at most three.
  package static func nearest(to name: String, among known: [String]) -> String? {
    let furthest = min(max(name.unicodeScalars.count / 3, 1), 3)
    var best: (distance: Int, name: String)?
    for candidate in known {
      let distance = distance(name, candidate)
      if distance <= furthest, distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    return best?.name
  }

  /// Counts the insertions, deletions, replacements and swaps of neighbours that turn one text
  /// into the other (optimal string alignment; upper and lower case are alike).
  static func distance(_ left: String, _ right: String) -> Int {
    let left = Array(left.lowercased().unicodeScalars)
    let right = Array(right.lowercased().unicodeScalars)
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
      var current = [row + 1]
      for column in right.indices {
        let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
        var cost = min(replaced, last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        current.append(cost)
      }
      (beforeLast, last) = (last, current)
    }
    return last[right.count]
  }
}
