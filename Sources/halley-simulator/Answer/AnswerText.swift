internal import JSON

/// Writes the words of an answer, which always begin by saying that no model wrote them.
struct AnswerText {
  private static let announcement = "[halley-simulator]"
  private static let quotedCharacters = 120

  private static let story = """
    Once upon a time, a small unicorn lived at the edge of a silver wood and was afraid of the \
    dark. One night a comet crossed the sky, and she followed its light over the hills until \
    she found the other unicorns, who were all looking up and waiting for her. From then on \
    she was never afraid again, because she knew that the comet would come back, and that until \
    then the stars kept its place.
    """

  let text: String

  init(_ request: CreateRequest, _ context: Context, _ controls: AnswerControls) {
    if let text = controls.text {
      self.text = text
    } else if let json = Self.structured(request) {
      text = json.text
    } else {
      let answer = Self.announcement + " " + Self.answer(context)
      text = controls.words.map { Self.fit(answer, words: $0) } ?? answer
    }
  }

  private static func structured(_ request: CreateRequest) -> RawJSON? {
    switch request.format?["type"]?.string {
    case "json_schema": SchemaSample(request.format?["schema"] ?? .emptyObject).value
    case "json_object":
      .object { writer in
        writer.member("simulator", "halley-simulator")
        writer.member("answer", "This object was asked for; no model wrote it.")
      }
    default: nil
    }
  }

  private static func answer(_ context: Context) -> String {
    var sentences: [String] = []
    let question = context.question?.text ?? ""
    let output = context.items.last { $0.isCallOutput }
    if let output, context.answeredRounds > 0 {
      sentences.append("The tool answered: \"\(quote(output.text))\".")
    } else if ["unicorn", "story"].contains(where: question.lowercased().contains) {
      sentences.append(story)
    } else {
      sentences.append("No model is behind this answer. You said: \"\(quote(question))\".")
    }
    if !context.attachments.isEmpty {
      sentences.append("Attached: \(context.attachments.joined(separator: "; ")).")
    }
    if context.items.count > 1 {
      sentences.append("This answer was given on \(context.items.count) input items.")
    }
    return sentences.joined(separator: " ")
  }

  private static func quote(_ text: String) -> String {
    let line = text.split { $0.isNewline }.joined(separator: " ")
    return line.count > quotedCharacters ? line.prefix(quotedCharacters) + "…" : line
  }

  /// Shortens an answer, or goes on with the story, to get so many words.
  private static func fit(_ answer: String, words count: Int) -> String {
    let pieces = Words.split(answer)
    guard pieces.count < count else { return pieces.prefix(count).joined() }
    let more = Words.split(" " + story)
    var text = answer
    for index in 0..<count - pieces.count { text += more[index % more.count] }
    return text
  }
}
