package import JSON

/// The parameters of a `responses.create`, as the options ask for them.
package struct CreateRequest {
  package var model: String?
  package var upstream: String?
  package var profile: String?
  /// Names the terminal, so that a later `-c` can continue from this response.
  package var scope: String?
  package var continuesScope = false
  package var conversation: String?
  package var previousResponseID: String?
  /// What was said before, where the daemon does not keep it.
  package var earlierItems: [RawJSON] = []
  package var instructions: String?
  package var text = ""
  package var attachments: [Attachment] = []
  package var schema: AnswerSchema?
  package var tools: [String] = []
  package var effort: String?
  package var maximumOutputTokens: Int?
  package var temperature: Double?
  /// `default` where nil; `refresh`, `only` or `off`.
  package var cache: String?
  package var isStored = true
  package var isStreaming = true
  package var isBackground = false
  package var timeoutSeconds: Double?
  /// Any other parameters of the API. They win over the members that the options made; of two
  /// objects the members are put together.
  package var parameters: [(key: String, value: RawJSON)] = []

  package init() {}

  package var json: RawJSON {
    var members = members
    for parameter in parameters { Self.merge(parameter, into: &members) }
    return Self.object(members)
  }

  private var members: [(key: String, value: RawJSON)] {
    var members: [(key: String, value: RawJSON)] = []
    func add(_ key: String, _ value: RawJSON?) {
      if let value { members.append((key, value)) }
    }
    add("model", model.map(RawJSON.string))
    add("instructions", instructions.map(RawJSON.string))
    add("conversation", conversation.map(RawJSON.string))
    add("previous_response_id", previousResponseID.map(RawJSON.string))
    add("input", input)
    add("reasoning", effort.map { effort in .object { $0.member("effort", effort) } })
    add("text", schema.map { schema in .object { $0.member("format", schema.format) } })
    add("max_output_tokens", maximumOutputTokens.map(RawJSON.integer))
    add("temperature", temperature.map { value in .build { $0.double(value) } })
    add("store", isStored ? nil : .boolean(false))
    add("background", isBackground ? .boolean(true) : nil)
    add("stream", isStreaming ? .boolean(true) : nil)
    add("halley", halley)
    return members
  }

  /// A string where there is text alone, items where something goes with it or before it.
  private var input: RawJSON {
    guard !attachments.isEmpty || !earlierItems.isEmpty else { return .string(text) }
    return .build { items in
      items.array { items in
        for item in earlierItems { items.value(item) }
        items.value(message)
      }
    }
  }

  /// What is asked, as an input item.
  package var message: RawJSON {
    .object { message in
      message.member("type", "message")
      message.member("role", "user")
      message.key("content")
      message.array { parts in
        if !text.isEmpty { parts.value(Self.textPart(text)) }
        for attachment in attachments { parts.value(attachment.part) }
      }
    }
  }

  private static func textPart(_ text: String) -> RawJSON {
    .object { part in
      part.member("type", "input_text")
      part.member("text", text)
    }
  }

  private var halley: RawJSON? {
    let json = RawJSON.object { halley in
      if let upstream { halley.member("upstream", upstream) }
      if let profile { halley.member("profile", profile) }
      if let cache { halley.member("cache", cache) }
      if !tools.isEmpty {
        halley.key("tools")
        halley.array { for tool in tools { $0.string(tool) } }
      }
      if continuesScope { halley.member("continue", true) }
      if let scope { halley.member("scope", scope) }
      if let timeoutSeconds {
        halley.key("timeout_s")
        halley.double(timeoutSeconds)
      }
    }
    return json == .emptyObject ? nil : json
  }

  private static func merge(
    _ parameter: (key: String, value: RawJSON), into members: inout [(key: String, value: RawJSON)]
  ) {
    guard let index = members.firstIndex(where: { $0.key == parameter.key }) else {
      members.append(parameter)
      return
    }
    let old = members[index].value
    guard old.kind == .object, parameter.value.kind == .object else {
      members[index].value = parameter.value
      return
    }
    members[index].value = parameter.value.members.reduce(old) { $0.setting($1.key, to: $1.value) }
  }

  private static func object(_ members: [(key: String, value: RawJSON)]) -> RawJSON {
    .object { object in
      for member in members { object.member(member.key, member.value) }
    }
  }
}
