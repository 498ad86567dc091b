/// The candidate that a mistyped word most likely meant; nil where none is near.
///
/// Near is one edit for each three bytes of the word, rounded up: an insertion, a deletion, a
/// replacement or a swap of neighbours. Of equally near candidates the first wins.
package func closest(to word: String, among candidates: some Sequence<String>) -> String? {
  // The names it is asked about are shorter; this bounds what a hostile one costs.
  let longestWord = 64
  guard word.utf8.count <= longestWord else { return nil }
  var nearest: String?
  var bound = (word.utf8.count + 2) / 3 + 1
  for candidate in candidates {
    let distance = editDistance(Array(word.utf8), Array(candidate.utf8))
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
