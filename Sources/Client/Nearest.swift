/// Finds the name that somebody probably meant.
package enum Nearest {
  /// Returns the nearest of some names: one slip away, or two in a word of six letters and more.
  package static func name(to word: String, among names: [String]) -> String? {
    let longest = word.utf8.count < 6 ? 1 : 2
    var best: (name: String, distance: Int)?
    for name in names where name != word {
      let distance = distance(Array(word.utf8), Array(name.utf8))
      if distance <= longest, distance < best?.distance ?? .max { best = (name, distance) }
    }
    return best?.name
  }

  /// The slips (a letter left out, added, replaced, two swapped) from one word to the other: the
  /// restricted Damerau–Levenshtein distance.
  static func distance(_ first: [UInt8], _ second: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...second.count)
    for row in first.indices {
      var current = [row + 1]
      for column in second.indices {
        let isSame = first[row] == second[column]
        var distance = min(
          last[column + 1] + 1, current[column] + 1, last[column] + (isSame ? 0 : 1))
        if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
          distance = min(distance, beforeLast[column - 1] + 1)
        }
        current.append(distance)
      }
      beforeLast = last
      last = current
    }
    return last[second.count]
  }
}
