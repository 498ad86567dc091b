internal import Wire

/// The names of the API's parameters: `--param`.
package enum ParameterName {
  /// What other servers than OpenAI's know, and is near to what OpenAI's know.
  private static let foreign: Set = ["min_p", "n", "seed", "stop", "top_a", "top_k"]

  /// The parameter that was probably meant; nil for one of the API, and for what is near none.
  package static func misspelt(_ key: String) -> String? {
    let known = Shape.createParameters.rules
    guard known[key] == nil, !foreign.contains(key) else { return nil }
    return closest(to: key, among: known.keys.sorted(), edits: key.utf8.count < 6 ? 1 : 2)
  }
}
