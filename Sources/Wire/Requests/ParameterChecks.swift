package import JSON

/// The rules of members that more than one method takes.
package enum ParameterChecks {
  /// Up to 16 pairs; keys of up to 64 characters, values of up to 512.
  package static func metadata(_ json: RawJSON) throws(RPCError) {
    try check(json, .metadata, "metadata")
  }

  /// An array of input items.
  package static func items(_ json: RawJSON) throws(RPCError) {
    try check(json, .items, "items")
  }

  private static func check(_ json: RawJSON, _ rule: Rule, _ name: String) throws(RPCError) {
    do throws(Refusal) {
      try rule.check(json)
    } catch {
      throw error.inside(name).error
    }
  }
}
