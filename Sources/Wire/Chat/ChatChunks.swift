internal import JSON

/// Writes the chunks of one streamed chat completion. All that they share is spelled once.
struct ChatChunks {
  private let head: [UInt8]
  private let tail: [UInt8]
  private let opening: RawJSON
  private let includesUsage: Bool

  private static let delta = Array(#","choices":[{"index":0,"delta":{"#.utf8)

  /// - Parameter response: whose beginning is known.
  init(of response: RawJSON, _ options: ChatReplyOptions, _ defaults: ResponseDefaults) {
    opening = .object { chunk in
      chunk.member("id", ChatParts.id(of: defaults.id))
      chunk.member("object", "chat.completion.chunk")
      chunk.member(
        "created", response["created_at"]?.wholeNumber ?? defaults.createdAt)
      chunk.member("model", response.chatModel(options))
    }
    includesUsage = options.includesUsage
    head = opening.bytes.dropLast() + Self.delta
    tail = Array(#"},"logprobs":null,"finish_reason":null}]"#.utf8) + Self.end(includesUsage)
  }

  /// Each chunk has a usage, where one is to come.
  private static func end(_ includesUsage: Bool) -> [UInt8] {
    Array((includesUsage ? #","usage":null}"# : "}").utf8)
  }

  /// A delta of one member.
  ///
  /// - Parameter value: as it is spelled.
  func delta(_ key: StaticString, _ value: ArraySlice<UInt8>) -> RawJSON {
    let name = key.description.utf8
    var bytes: [UInt8] = []
    bytes.reserveCapacity(head.count + name.count + value.count + tail.count + 3)
    bytes.append(contentsOf: head)
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: name)
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
    bytes.append(contentsOf: value)
    bytes.append(contentsOf: tail)
    return RawJSON(checked: bytes[...])
  }

  /// A chunk with a delta and all else that may stand beside it.
  ///
  /// - Parameter end: writes what stands behind the choice.
  func chunk(
    _ delta: RawJSON, logprobs: RawJSON = .null, finishReason: String? = nil,
    end: (inout JSONWriter) -> Void = { _ in }
  ) -> RawJSON {
    chunk(end: end) { choices in
      choices.object { choice in
        choice.member("index", 0)
        choice.member("delta", delta)
        choice.member("logprobs", logprobs)
        choice.member("finish_reason", finishReason.map { RawJSON.string($0) } ?? .null)
      }
    }
  }

  /// The chunk behind all others, which has the usage and no choice.
  func usage(_ usage: RawJSON) -> RawJSON {
    RawJSON.object { chunk in
      for member in opening.members { chunk.member(member.key, member.value) }
      chunk.member("choices", .emptyArray)
      chunk.member("usage", usage)
    }
  }

  private func chunk(
    end: (inout JSONWriter) -> Void, _ choices: (inout JSONWriter) -> Void
  ) -> RawJSON {
    .object { chunk in
      for member in opening.members { chunk.member(member.key, member.value) }
      end(&chunk)
      chunk.key("choices")
      chunk.array { choices(&$0) }
      if includesUsage { chunk.member("usage", .null) }
    }
  }
}

extension RawJSON {
  /// The model as a response says it, or else as it was asked.
  func chatModel(_ options: ChatReplyOptions) -> String {
    let told = self["model"]?.string ?? ""
    return told.isEmpty ? options.model ?? "" : told
  }
}
