internal import JSON
internal import Wire

extension RPCError {
  /// As a caller may know it: where the daemon keeps keys and its configuration is for users alone, not
  /// for what comes with a token or at a restricted socket.
  func told(to caller: Caller) -> RPCError {
    guard namesPlaces, caller.grant != nil else { return self }
    let upstream = details.first { $0.key == "upstream" }
    let what =
      upstream.map { "no key for upstream \($0.value.string ?? "") could be read" }
      ?? "the configuration of the daemon is not usable"
    let hint = (key: "hint", value: RawJSON.string("a user of the daemon is told more"))
    return RPCError(
      code, "\(what); the daemon's journal says why", isRetryable: isRetryable,
      details: [hint] + (upstream.map { [$0] } ?? []))
  }
}
