package import JSON

/// What of a conversation can be sent to an upstream once more.
///
/// Left out is what the upstream could not read or would refuse for good: items that another
/// upstream made, a call without its output and an output without its call, and reasoning without
/// the item that it led to.
package struct Replay: Sendable {
  /// One item of what was said, with what decides whether it can be said again.
  package struct Entry: Sendable {
    let json: RawJSON
    let type: String
    /// Whether the request itself brings it: then it goes as it came, unless the call that it
    /// answers is left out.
    package var isGiven = false
    /// Whether the upstream made it, or was sent it by a client.
    package var isReadable = true
    /// Whether the model takes the reasoning.
    package var takesReasoning = true
    /// Whether the next entry is what directly followed it.
    package var leadsToNext = false

    package init(_ json: RawJSON) {
      self.json = json
      type = json["type"]?.string ?? "message"
    }
  }

  /// In their order, as they are sent.
  package let items: [RawJSON]
  /// How many items are missing from them that another upstream, or a whole turn, would have had.
  package let leftOut: Int

  /// - Parameter asynchronous: names of functions whose output may come in a later request.
  package init(_ entries: [Entry], asynchronous: Set<String> = []) {
    var isKept = entries.map { $0.isGiven || $0.canBeSent }
    Halves(entries).remove(from: &isKept, of: entries, asynchronous: asynchronous)
    for index in entries.indices.reversed()
    where entries[index].type == "reasoning" && !entries[index].isGiven {
      let leads = entries[index].leadsToNext && index + 1 < entries.count
      isKept[index] = isKept[index] && leads && isKept[index + 1]
    }
    items = zip(entries, isKept).compactMap { entry, isKept in isKept ? entry.sent : nil }
    leftOut = zip(entries, isKept).count { entry, isKept in !isKept && entry.isMissed }
  }

  /// Whether every upstream knows the type.
  package static func isCommon(_ type: String) -> Bool {
    switch type {
    case "message", "function_call", "function_call_output", "custom_tool_call",
      "custom_tool_call_output":
      true
    default: false
    }
  }

  /// Whether an item means something to the upstream alone that made it, or that was asked before.
  static func isMakersOnly(_ type: String) -> Bool {
    switch type {
    // What a client says to whoever is asked.
    case "compaction_trigger", "configuration_update", "additional_tools": false
    default: !isCommon(type)
    }
  }

  /// Whether a model made an item, so that it may be what reasoning led to.
  static func isModels(_ item: RawJSON) -> Bool {
    let type = item["type"]?.string ?? "message"
    return type == "message" ? item["role"]?.string == "assistant" : !type.hasSuffix("_output")
  }
}

extension Replay.Entry {
  /// Whether an item that was said before can be said again by itself.
  fileprivate var canBeSent: Bool {
    switch type {
    case "message":
      // Nothing had come of an answer that was cut off.
      return json["role"]?.string != "assistant" || json["content"]?.text != "[]"
    case _ where Replay.isCommon(type): return true
    case "reasoning":
      // Without its encrypted content an upstream that keeps nothing knows no such item; that of
      // one that was cut off is not the last.
      return isReadable && takesReasoning && !isCutOff && json.nonNull("encrypted_content") != nil
    case "compaction_trigger": return false
    default: return isReadable && (!isCutOff || call != nil || answeredCall != nil)
    }
  }

  /// Whether its absence is worth telling. Reasoning that is kept nowhere, or that the upstream's
  /// other models do not take, never is sent again.
  fileprivate var isMissed: Bool {
    switch type {
    case "reasoning": !isReadable && json.nonNull("encrypted_content") != nil
    case "compaction_trigger": false
    default: true
    }
  }

  private var isCutOff: Bool {
    let status = json["status"]?.string
    return status == "in_progress" || status == "incomplete"
  }

  /// The item as it is sent again. Ids of common items are an upstream's own business.
  fileprivate var sent: RawJSON {
    guard !isGiven, Replay.isCommon(type) else { return json }
    let sent = json.removing("id")
    return sent["type"] == nil ? sent.setting("type", to: .string(type)) : sent
  }

  // MARK: Calls and outputs

  /// What names the call that the item is; nil for what needs no output.
  var call: String? {
    switch type {
    case "message", "reasoning", "mcp_approval_response": nil
    case "mcp_approval_request": json["id"]?.string
    default: type.hasSuffix("_output") ? nil : json["call_id"]?.string
    }
  }

  /// What names the call that the item is the output of.
  var answeredCall: String? {
    switch type {
    case "mcp_approval_response": json["approval_request_id"]?.string
    // Some clients name the call by the item's id alone.
    case "local_shell_call_output": json["call_id"]?.string ?? json["id"]?.string
    case _ where type.hasSuffix("_output"): json["call_id"]?.string
    default: nil
    }
  }

  /// The program that made a call.
  fileprivate var caller: String? {
    type == "message" || type == "reasoning"
      ? nil : json.nonNull("caller")?["caller_id"]?.string
  }
}

/// Which calls and outputs belong together, by `call_id` or `approval_request_id`.
private struct Halves {
  private var pairs: [(call: Int, output: Int)] = []
  private var unanswered: Set<Int> = []
  private var orphans: [Int] = []
  private var programs: [String: Int] = [:]

  init(_ entries: [Replay.Entry]) {
    var calls: [String: Int] = [:]
    for (index, entry) in entries.enumerated() {
      if let key = entry.answeredCall {
        guard let call = calls[key] else {
          orphans.append(index)
          continue
        }
        unanswered.remove(call)
        pairs.append((call, index))
      } else if let key = entry.call {
        calls[key] = index
        unanswered.insert(index)
        if entry.type == "local_shell_call", let id = entry.json["id"]?.string {
          calls[id] = index
        }
        if entry.type == "program" { programs[key] = index }
      }
    }
  }

  func remove(
    from isKept: inout [Bool], of entries: [Replay.Entry], asynchronous: Set<String>
  ) {
    for index in orphans where !entries[index].isGiven { isKept[index] = false }
    let working = Set(pairs.compactMap { entries[$0.call].caller })
    for index in unanswered where !entries[index].isGiven {
      let entry = entries[index]
      let mayWait =
        entry.type == "program"
        ? working.contains(entry.call ?? "")
        : asynchronous.contains(entry.json["name"]?.string ?? "")
      if !mayWait { isKept[index] = false }
    }
    for (index, entry) in entries.enumerated() where !entry.isGiven {
      guard let caller = entry.caller else { continue }
      isKept[index] = isKept[index] && programs[caller].map { isKept[$0] } ?? false
    }
    for pair in pairs where !isKept[pair.output] { isKept[pair.call] = false }
    for pair in pairs where !isKept[pair.call] { isKept[pair.output] = false }
  }
}
