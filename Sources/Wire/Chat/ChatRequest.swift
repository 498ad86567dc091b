package import JSON

/// A request for a chat completion, as the params of `responses.create` that ask the same.
///
/// What the Responses API knows under another name is translated, what both know or neither does goes
/// on untouched, and null stands for a member that is not there. `seed` and `logit_bias` have no
/// counterpart and do not change what is asked, so they are passed over; what would have to change
/// the answer is refused by its name: more than one choice, audio, a prediction, a run in the
/// background. Nothing is stored unless the client asks for it, functions are not strict unless they
/// say so, and stop sequences stay here (`StopSequences`), as the other API has none.
package struct ChatRequest: Sendable {
  package let params: RawJSON
  /// Members that were passed over, each once; of messages as in `messages.name`. Only visible ASCII,
  /// as a field of a head can hold.
  package let ignored: [String]
  package let reply: ChatReplyOptions

  /// Checks all that is translated; a refusal names the member as the client wrote it.
  package init(body: RawJSON) throws(RPCError) {
    let members = try Shape.chatParameters.check(body)
    var translation = ChatTranslation(members)
    do throws(Refusal) {
      try translation.translate()
    } catch {
      throw error.error
    }
    params = translation.params
    ignored = translation.ignored.names
    reply = translation.reply
  }
}

/// What the answer to a chat completion depends on.
package struct ChatReplyOptions: Sendable {
  /// As asked, for an answer that does not say it.
  package var model: String?
  package var isStreaming = false
  /// Whether a stream ends with a chunk that has the usage.
  package var includesUsage = false
  package var hasLogprobs = false
  /// Whether the client knows `function_call` and no `tool_calls`.
  package var usesFunctions = false
  /// At most 4, none of them empty.
  package var stop: [String] = []
  /// The names of the client's own tools; calls of others may be the daemon's to make.
  package var toolNames: Set<String> = []

  package init() {}
}

/// The names of what was passed over, each once.
struct IgnoredMembers {
  /// More would make the head of the answer too long.
  private static let most = 32
  private(set) var names: [String] = []

  mutating func add(_ name: String) {
    let isVisible = name.utf8.allSatisfy { 0x21...0x7E ~= $0 && $0 != UInt8(ascii: ",") }
    guard isVisible, name.utf8.count <= 64, names.count < Self.most, !names.contains(name) else {
      return
    }
    names.append(name)
  }
}
