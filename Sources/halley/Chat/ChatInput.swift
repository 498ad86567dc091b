import Client

/// Where a chat's lines come from: the line editor on a terminal, plain lines elsewhere.
final class ChatInput {
  enum Line {
    case text(String)
    /// Ctrl-C at the prompt.
    case cancelled(wasEmpty: Bool)
    case end
  }

  private static let prompt = "> "

  let isInteractive: Bool
  private let editor: LineEditor?
  private let reader: LineReader
  private let prompts: StandardStream?
  private var file: HistoryFile?
  private let notes: StandardStream

  /// - Parameter remembers: whether what is typed may be kept on disk.
  init(_ call: AnswerCall, _ limit: InputLimit, remembers: Bool) throws(Failure) {
    notes = call.notes
    reader = LineReader(limit, interrupts: call.interrupts)
    isInteractive = reader.isTerminal
    prompts = reader.isTerminal && notes.isTerminal ? notes : nil
    guard prompts != nil, Environment.value("TERM") != "dumb" else {
      editor = nil
      return
    }
    file = remembers ? HistoryFile() : nil
    var history: [String] = []
    do throws(SystemError) {
      history = try file?.load() ?? []
    } catch {
      try notes.write("halley: the history can't be read: \(error.reason)\n")
      file = nil
    }
    editor = LineEditor(
      output: notes, interrupts: call.interrupts, prompt: Self.prompt,
      styles: call.options.styles(notes), history: history, completions: ChatCommand.names)
  }

  /// Has Tab complete more than the commands.
  func offer(_ offers: ChatOffers) { editor?.offers = { offers($0) } }

  /// Reads the next line, or lines that belong together.
  func next() throws(Failure) -> Line {
    guard let editor else { return try nextPlain() }
    switch try editor.read() {
    case .end: return .end
    case .cancelled(let text): return .cancelled(wasEmpty: text.isEmpty)
    case .text(let text):
      try remember(text, editor)
      return .text(text)
    }
  }

  private func nextPlain() throws(Failure) -> Line {
    var text = ""
    while true {
      try prompts?.write(Self.prompt)
      switch try reader.next() {
      case .end: return text.isEmpty ? .end : .text(text)
      case .interrupted:
        try prompts?.write("\n")
        return .cancelled(wasEmpty: false)
      case .text(let line):
        guard line.hasSuffix("\\") else { return .text(text + line) }
        text += line.dropLast() + "\n"
      }
    }
  }

  /// A text that begins with a space is not kept on disk, as shells do it.
  private func remember(_ text: String, _ editor: LineEditor) throws(Failure) {
    guard editor.remember(text), text.first != " ", let file else { return }
    do throws(SystemError) {
      try file.append(text)
    } catch {
      try notes.write("halley: \(file.path) can't be written: \(error.reason)\n")
      self.file = nil
    }
  }
}
