/// The candidate that a mistyped word most likely meant; nil where none is near.
///
/// An edit is an insertion, a deletion, a replacement or a swap of neighbours; upper and lower case
/// are alike. Of equally near candidates the first wins; the word itself is none.
///
/// - Parameter edits: how many make it near; without it, one for each three bytes of the word,
///   rounded up.
package func closest(
  to word: String, among candidates: some Sequence<String>, edits: Int? = nil
) -> String? {
  // The names it is asked about are shorter; this bounds what a hostile one costs.
  let longestWord = 64
  guard word.utf8.count <= longestWord else { return nil }
  var nearest: String?
  var bound = (edits ?? (word.utf8.count + 2) / 3) + 1
  for candidate in candidates where candidate != word {
    let distance = editDistance(
      Array(word.lowercased().utf8), Array(candidate.lowercased().utf8))
    if distance < bound { (nearest, bound) = (candidate, distance) }
  }
  return nearest
}

/// The restricted Damerau–Levenshtein distance.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...right.count)
  for row in left.indices {
    var current = [row + 1]
    for column in right.indices {
      let isSame = left[row] == right[column]
      var cost = min(
        last[column] + (isSame ? 0 : 1), last[column + 1] + 1, current[column] + 1)
      if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
        cost = min(cost, beforeLast[column - 1] + 1)
      }
      current.append(cost)
    }
    (beforeLast, last) = (last, current)
  }
  return last[right.count]
}
