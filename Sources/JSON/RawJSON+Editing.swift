/// Edits of objects. What is no object has no members to edit and stays as it is, so that no text
/// from outside can make an edit fail.
extension RawJSON {
  /// Returns the object with a member's value replaced in place, or added at its end.
  package func setting(_ key: String, to value: RawJSON) -> RawJSON {
    guard kind == .object else { return self }
    if let range = valueRange(of: key) {
      guard bytes[range] != value.bytes else { return self }
      var edited = Array(bytes[..<range.lowerBound])
      edited.reserveCapacity(bytes.count + value.bytes.count)
      edited.append(contentsOf: value.bytes)
      edited.append(contentsOf: bytes[range.upperBound...])
      return RawJSON(checked: edited[...])
    }
    return appending(key, value)
  }

  /// Returns the object with a member's value replaced in place; unchanged where it has none.
  package func replacing(_ key: String, with value: RawJSON) -> RawJSON {
    guard let old = self[key], old.bytes != value.bytes else { return self }
    return setting(key, to: value)
  }

  /// Returns the object without some members; the others keep their bytes and order.
  package func removing(_ keys: String...) -> RawJSON {
    guard kind == .object, keys.contains(where: { valueRange(of: $0) != nil }) else { return self }
    var writer = JSONWriter()
    writer.beginObject()
    forEachChild { key, value in
      let isRemoved = keys.contains { JSONEscape.spells(bytes[key].span, $0.utf8Span.span) }
      if !isRemoved { writer.rawMember(key: bytes[key], value: bytes[value]) }
    }
    writer.endObject()
    return writer.json
  }

  private func appending(_ key: String, _ value: RawJSON) -> RawJSON {
    var isEmpty = true
    forEachChild { _, _ in isEmpty = false }
    var edited = Array(bytes.dropLast())
    if !isEmpty { edited.append(UInt8(ascii: ",")) }
    JSONEscape.append(key.utf8Span.span, to: &edited)
    edited.append(UInt8(ascii: ":"))
    edited.append(contentsOf: value.bytes)
    edited.append(UInt8(ascii: "}"))
    return RawJSON(checked: edited[...])
  }
}
