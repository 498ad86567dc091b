import JSON

/// Reads arbitrary bytes as JSON.
///
/// Holds: nothing traps; a refusal names an offset in the text; what the strict limits take, the
/// relayed ones take too, with the same value; a value, each of its parts and each edit of it read
/// back as themselves; a string decodes as UTF-16 would have it, and survives being written; and what
/// `QuickScanExercise` says.
@c(LLVMFuzzerTestOneInput)
public func fuzzJSON(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let text = unsafe Array(UnsafeBufferPointer(start: data, count: count))
  let wrong = QuickScanExercise.run(text)
  require(wrong == nil, wrong ?? "")
  let relayed = read(text, limits: .relayed)
  if let strict = read(text, limits: .strict) {
    require(
      relayed == strict, "the relayed limits refuse or see otherwise what the strict ones take")
    checkParts(strict, limits: .strict, depth: 0)
    checkEdits(strict)
  }
  if let relayed { checkParts(relayed, limits: .relayed, depth: 0) }
  return 0
}

private func read(_ text: [UInt8], limits: JSONLimits) -> RawJSON? {
  do throws(JSONError) {
    return try RawJSON(parsing: text, limits: limits)
  } catch {
    require(0...text.count ~= error.offset, "offset \(error.offset) in \(text.count) bytes")
    require(!error.message.isEmpty, "a refusal without a reason")
    return nil
  }
}

private func checkParts(_ value: RawJSON, limits: JSONLimits, depth: Int) {
  let copy = Array(value.bytes)
  require(read(copy, limits: limits) == value, "a part is not a value of its own")
  checkScalar(value, limits: limits)
  // Each level is read again; deeper than this costs without finding.
  guard depth < 6 else { return }
  let members = value.members
  for member in members.prefix(32) {
    if !limits.allowsDuplicateKeys {
      require(value[member.key] == member.value, "a member is not found by its key")
    }
    checkParts(member.value, limits: limits, depth: depth + 1)
  }
  for element in value.elements.prefix(32) {
    checkParts(element, limits: limits, depth: depth + 1)
  }
}

private func checkScalar(_ value: RawJSON, limits: JSONLimits) {
  let asNumber = (value.integer, value.double)
  require(value.kind == .number || asNumber == (nil, nil), "a number that is none")
  require((value.boolean != nil) == (value.kind == .boolean), "a boolean that is none")
  guard let string = value.string else { return require(value.kind != .string, "a lost string") }
  // Some scalars make one Character with the quote behind them.
  let expected = decode(Substring(value.text.unicodeScalars.dropFirst().dropLast()))
  require(string.utf8.elementsEqual(expected.utf8), "a string is decoded differently")
  let written = RawJSON.string(string).string ?? ""
  require(written.utf8.elementsEqual(string.utf8), "a string changes when it is written")
}

/// Decodes the inside of a string by what RFC 8259 says of escapes: they spell UTF-16.
private func decode(_ inside: Substring) -> String {
  var units: [UInt16] = []
  var rest = Array(inside.utf16)[...]
  while let unit = rest.popFirst() {
    guard unit == UInt16(UInt8(ascii: "\\")), let escape = rest.popFirst() else {
      units.append(unit)
      continue
    }
    if escape == UInt16(UInt8(ascii: "u")) {
      let digits = String(decoding: rest.prefix(4), as: UTF16.self)
      units.append(UInt16(digits, radix: 16) ?? 0)
      rest = rest.dropFirst(4)
    } else {
      let controls = ["b": 8, "t": 9, "n": 10, "f": 12, "r": 13] as [String: UInt16]
      units.append(controls[String(decoding: [escape], as: UTF16.self)] ?? escape)
    }
  }
  return String(decoding: units, as: UTF16.self)
}

private func checkEdits(_ value: RawJSON) {
  guard value.kind == .object else { return }
  for key in value.members.prefix(4).map(\.key) + ["fuzz \"\u{1F600}\n"] {
    let edited = value.setting(key, to: .string(key))
    require(edited[key]?.string == key, "a member that was set is not there")
    require(read(Array(edited.bytes), limits: .relayed) == edited, "an edit is no JSON")
    let removed = edited.removing(key)
    require(removed[key] == nil, "a member that was removed is there")
    require(read(Array(removed.bytes), limits: .relayed) == removed, "a removal is no JSON")
  }
}
