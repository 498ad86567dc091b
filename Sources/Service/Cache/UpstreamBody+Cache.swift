internal import JSON

extension UpstreamBody {
  /// What an answer to it depends on beside who is asked.
  ///
  /// - Returns: also how many items of what was said before it leaves out.
  func cacheable(
    _ origin: CacheableRequest.Origin, for target: Target
  ) -> (request: CacheableRequest, leftOut: Int) {
    let replay = replay(for: target)
    return (cacheable(origin, replay.items), replay.leftOut)
  }

  private func cacheable(
    _ origin: CacheableRequest.Origin, _ items: [RawJSON]
  ) -> CacheableRequest {
    guard let replacement else { return CacheableRequest(origin, body: body, items: items) }
    // Apart from what hooks changed it is the same request as without them.
    var members = body
    for member in replacement.body.members where !replacement.keeps(member.key) {
      members = members.setting(member.key, to: member.value)
    }
    for member in replacement.shown.members where replacement.body[member.key] == nil {
      members = members.removing(member.key)
    }
    let changed = replacement.keeps("input") ? nil : replacement.body.nonNull("input")
    return CacheableRequest(
      origin, body: members, items: changed.map { RequestInput.items(of: $0) } ?? items)
  }

  /// Bytes that make up its cache key, roughly.
  var size: Int { items.reduce(body.bytes.count) { $0 + $1.bytes.count } }
}
