internal import JSON

/// Translates what messages hold. Parts of other types than those of a chat completion go on as they
/// are: some clients send the other API's, and some upstreams know more.
extension ChatMessages {
  static func content(_ content: RawJSON) -> RawJSON {
    content.kind == .array ? .array(content.elements.map { part($0, text: "input_text") }) : content
  }

  /// What the assistant said, with the refusal that a chat completion tells beside it.
  static func answer(_ content: RawJSON, _ refusal: RawJSON?) -> RawJSON {
    guard content.kind == .array || refusal != nil else { return content }
    let given = content.kind == .array ? content.elements : content.isNothing ? [] : [text(content)]
    var parts = given.map { part($0, text: "output_text") }
    if let refusal {
      parts.append(
        .object {
          $0.member("type", "refusal")
          $0.member("refusal", refusal)
        })
    }
    return .array(parts)
  }

  private static func text(_ text: RawJSON) -> RawJSON {
    .object {
      $0.member("type", "text")
      $0.member("text", text)
    }
  }

  private static func part(_ part: RawJSON, text: String) -> RawJSON {
    switch part["type"]?.string {
    case "text": part.setting("type", to: .string(text))
    case "image_url": image(part)
    case "file": file(part)
    default: part
    }
  }

  private static func image(_ part: RawJSON) -> RawJSON {
    let image = part["image_url"] ?? .null
    return .object { input in
      input.member("type", "input_image")
      input.member("image_url", image.kind == .object ? image["url"] ?? .null : image)
      input.member("detail", image.nonNull("detail") ?? .string("auto"))
      addRest(of: part, but: ["type", "image_url", "detail"], to: &input)
    }
  }

  private static func file(_ part: RawJSON) -> RawJSON {
    let file = part["file"]?.members.filter { $0.key != "type" } ?? []
    return .object { input in
      input.member("type", "input_file")
      for member in file { input.member(member.key, member.value) }
      addRest(of: part, but: ["type", "file"] + file.map(\.key), to: &input)
    }
  }

  /// What is said of a part beside its content, such as where a cache may end.
  private static func addRest(
    of part: RawJSON, but taken: [String], to input: inout JSONWriter
  ) {
    for member in part.members where !taken.contains(member.key) {
      input.member(member.key, member.value)
    }
  }
}
