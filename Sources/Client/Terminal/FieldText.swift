package import JSON

/// Spells a JSON value for people, by what its key says about its unit.
package enum FieldText {
  package static func text(_ value: RawJSON, of key: String) -> String {
    if let text = value.string { return text }
    if let flag = value.boolean { return flag ? "yes" : "no" }
    guard let number = value.double else { return value.isNull ? "–" : value.text }
    if key.hasSuffix("_ms") { return Quantity.duration(milliseconds: number) }
    if key.hasSuffix("_s") || key.hasSuffix("_seconds") {
      return Quantity.duration(milliseconds: number * 1_000)
    }
    if key.hasSuffix("bytes") { return Quantity.bytes(number) }
    if key.hasSuffix("_usd") { return Quantity.dollars(number) }
    if key.hasSuffix("_at"), let seconds = value.integer {
      return Clock.localTime(ofUnixSeconds: seconds)
    }
    return value.text
  }

  /// A key for people: `running_responses` is `running responses`.
  static func name(_ key: String) -> String {
    var name = key.replacing("_", with: " ")
    for unit in [" ms", " s", " usd", " bytes", " at"] where name.hasSuffix(unit) {
      name.removeLast(unit.count)
    }
    return name
  }
}
