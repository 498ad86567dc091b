internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// What a response came to in the rounds that have ended, where the daemon runs its tools.
///
/// To its client it is one response: the items of all rounds follow one another, the usage is summed
/// up, and the first round's beginning and the last one's end are those of the response.
struct ToolRounds {
  /// Whose the present round's calls are.
  var owners = CallOwners.none
  /// Whether the model was told to call no more.
  var isLast = false
  /// Rounds that have ended.
  private(set) var count = 0
  /// Items of the rounds that have ended, with the outputs of their calls.
  private(set) var items: [RawJSON] = []
  private(set) var tokens = TokenCounts()
  private var usage: RawJSON?
  private var createdAt: RawJSON?

  /// The calls among a round's items that are the daemon's to answer.
  func ownCalls(_ items: [RawJSON]) -> [RawJSON] {
    items.filter { item in
      switch owners.owner(of: item) {
      case .daemon, .nobody: true
      case .client, nil: false
      }
    }
  }

  /// The response with ids for calls to which its upstream gave none, so that outputs can name them.
  func withCallIDs(_ response: RawJSON) -> RawJSON {
    let output = response["output"]?.elements ?? []
    let isWhole = output.allSatisfy { owners.owner(of: $0) == nil || $0["call_id"]?.string != nil }
    guard !isWhole else { return response }
    let named = output.enumerated().map { index, item in
      owners.owner(of: item) == nil || item["call_id"]?.string != nil
        ? item : item.setting("call_id", to: .string("call_\(items.count + index)"))
    }
    return response.setting("output", to: .array(named))
  }

  /// Whether a round waits for what its client alone can give.
  func needsClient(_ items: [RawJSON]) -> Bool {
    items.contains { item in
      if case .client = owners.owner(of: item) { return true }
      let type = item["type"]?.string
      return ["mcp_approval_request", "computer_call", "local_shell_call"].contains(type)
    }
  }

  mutating func end(_ response: RawJSON) {
    count += 1
    items += response["output"]?.objects ?? []
    createdAt = createdAt ?? response["created_at"]
    guard let used = response.nonNull("usage") else { return }
    usage = usage.map { Self.sum($0, used) } ?? used
    if let read = UsageReader.tokens(of: response) { tokens = tokens + read }
  }

  mutating func add(output: [RawJSON]) {
    items += output
  }

  /// The last round's response as that of all of them.
  func merged(_ last: RawJSON) -> RawJSON {
    var merged = last.setting("output", to: .array(items))
    if let usage { merged = merged.setting("usage", to: usage) }
    if let createdAt { merged = merged.setting("created_at", to: createdAt) }
    return merged
  }

  /// Adds up the numbers of two objects, those of the objects in them too. A sum beyond 64 bits stays
  /// at their end.
  package static func sum(_ left: RawJSON, _ right: RawJSON) -> RawJSON {
    switch (left.kind, right.kind) {
    case (.object, .object):
      var added = Dictionary(right.members.map { ($0.key, $0.value) }) { $1 }
      return .object { sum in
        for member in left.members {
          let other = added.removeValue(forKey: member.key)
          let isSum = !member.value.isNull
          sum.member(
            member.key, other.map { isSum ? Self.sum(member.value, $0) : $0 } ?? member.value)
        }
        for member in right.members {
          if let value = added.removeValue(forKey: member.key) { sum.member(member.key, value) }
        }
      }
    case (.number, .number):
      if let one = left.integer, let other = right.integer {
        return .integer(one.addingSaturating(other))
      }
      return .build { $0.double((left.double ?? 0) + (right.double ?? 0)) }
    default: return right
    }
  }
}
