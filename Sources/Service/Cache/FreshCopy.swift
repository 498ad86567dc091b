package import JSON
internal import Store

/// A response of its own made from one that was given before: fresh ids, the present time, and what
/// this request says in the members that repeat a request.
package struct FreshCopy: Sendable {
  /// A member of the response object that repeats the request and is no part of its cache key.
  package struct Echo: Sendable, Equatable {
    package let key: String
    /// null where the request does not say it; then it is not added either.
    package let value: RawJSON

    package init(_ key: String, _ value: RawJSON) {
      self.key = key
      self.value = value
    }
  }

  package let id: String
  package let object: RawJSON

  /// - Parameter response: a final response object.
  /// - Parameter seconds: Unix time, for `created_at` and `completed_at`.
  package init(of response: RawJSON, echoes: [Echo], at seconds: Int64) {
    let id = Self.id(like: response["id"]?.string, else: "resp_")
    var copy = JSONWriter()
    var missing = [Echo("id", .string(id))] + echoes.filter { !$0.value.isNull }
    copy.beginObject()
    for member in response.members {
      missing.removeAll { $0.key == member.key }
      copy.member(
        member.key,
        Self.value(of: member, echoes, at: seconds, id: id))
    }
    for echo in missing { copy.member(echo.key, echo.value) }
    copy.endObject()
    self.id = id
    object = copy.json
  }

  private static func value(
    of member: RawJSON.Member, _ echoes: [Echo], at seconds: Int64, id: String
  ) -> RawJSON {
    if let echo = echoes.first(where: { $0.key == member.key }) { return echo.value }
    switch member.key {
    case "id": return .string(id)
    case "created_at": return time(like: member.value, seconds)
    case "completed_at": return member.value.isNull ? .null : time(like: member.value, seconds)
    case "output": return output(member.value)
    default: return member.value
    }
  }

  /// Some upstreams spell the time as a fraction.
  private static func time(like value: RawJSON, _ seconds: Int64) -> RawJSON {
    value.bytes.contains(UInt8(ascii: "."))
      ? RawJSON(checked: Array("\(seconds).0".utf8)[...]) : .integer(seconds)
  }

  // MARK: Items

  private static func output(_ items: RawJSON) -> RawJSON {
    guard items.kind == .array else { return items }
    return .build { writer in
      writer.array { writer in
        for item in items.elements { writer.value(renamed(item)) }
      }
    }
  }

  /// An item that the upstream has encrypted keeps its id, which the encryption covers.
  private static func renamed(_ item: RawJSON) -> RawJSON {
    guard item.kind == .object, let id = item["id"]?.string,
      item.nonNull("encrypted_content") == nil
    else { return item }
    let own = StoreID.item(ofType: item["type"]?.string ?? "message")
    return item.setting("id", to: .string(self.id(like: id, else: own)))
  }

  /// The longest prefix that is taken over; the API's have at most five bytes.
  private static let longestPrefix = 12

  /// A random id with the prefix of another one.
  private static func id(like id: String?, else own: String) -> String {
    let prefix = id.flatMap { id in
      id.utf8.firstIndex(of: UInt8(ascii: "_")).map { id[...$0] }
    }
    if let prefix, prefix.utf8.count <= longestPrefix, prefix.utf8.count > 1 {
      return StoreID.make(String(prefix))
    }
    return own.hasSuffix("_") ? StoreID.make(own) : own
  }
}
