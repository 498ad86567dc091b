internal import Glibc

/// Reads texts from a terminal, with keys to edit them and a history.
package final class LineEditor {
  /// How reading a text has ended.
  package enum Outcome: Equatable, Sendable {
    case text(String)
    /// Ctrl-C; the text, which may be empty, is given up.
    case cancelled(String)
    /// Ctrl-D.
    case end
  }

  /// An Escape that stays alone for this long, in milliseconds, is the key.
  private static let escapePause: Int32 = 50

  private let input: Int32
  private let output: StandardStream
  private let interrupts: Interrupts
  private let terminal: RawTerminal
  private let prompt: String
  private let styles: Bool
  private var state: EditorState
  private var decoder = KeyDecoder()
  private var keys: [Key] = []
  /// Finds what Tab may make of the text before the cursor.
  package var offers: ((String) -> [String])?

  /// - Parameters:
  ///   - input: the terminal that is typed at: stdin.
  ///   - output: the terminal that shows what is typed.
  package init(
    input: Int32 = 0, output: StandardStream, interrupts: Interrupts, prompt: String, styles: Bool,
    history: [String], completions: [String]
  ) {
    self.input = input
    self.output = output
    self.interrupts = interrupts
    self.prompt = prompt
    self.styles = styles
    state = EditorState(history: InputHistory(history), completions: completions)
    terminal = RawTerminal(input, output: output)
    Self.noticeResizing()
  }

  /// Adds a text to the history; returns whether it was not the last one.
  package func remember(_ text: String) -> Bool { state.history.add(text) }

  /// Reads one text. The terminal is as always when this returns.
  package func read() throws(Failure) -> Outcome {
    state.clear()
    var display = EditorDisplay(prompt: prompt, styles: styles)
    try terminal.enter()
    do throws(Failure) {
      try takeTypedAhead()
      try output.write(display.show(state, size))
      let outcome = try edit(&display)
      try output.write(display.finish(state, size))
      try terminal.leave()
      return outcome
    } catch {
      try terminal.leave()
      throw error
    }
  }

  private func edit(_ display: inout EditorDisplay) throws(Failure) -> Outcome {
    while true {
      guard let key = try nextKey(&display) else { return .end }
      if key == .tab { state.offered = offers?(state.buffer.before) ?? [] }
      let effect = state.take(key)
      if effect == .clearScreen { try output.write(display.clearScreen()) }
      if effect == .suspend { try suspend(&display) }
      // Keys that came together are shown together.
      if keys.isEmpty || effect != .none { try output.write(display.show(state, size)) }
      switch effect {
      case .enter: return .text(state.buffer.text)
      case .cancel: return .cancelled(state.buffer.text)
      case .end: return .end
      case .none, .clearScreen, .suspend: continue
      }
    }
  }

  private var size: TerminalSize { TerminalSize(of: output.descriptor) }

  /// Waits for a key; nil when the terminal has gone.
  private func nextKey(_ display: inout EditorDisplay) throws(Failure) -> Key? {
    var shown = size
    while keys.isEmpty {
      var readiness = Readiness()
      let typed = readiness.watch(input, POLLIN)
      let signals = readiness.watch(interrupts.descriptor, POLLIN)
      readiness.wait(milliseconds: decoder.isWaiting ? Self.escapePause : nil)
      if readiness.isReadable(signals), let status = interrupts.take() {
        guard status == .interrupted else { throw Failure(status, "") }
        return .control("c")
      }
      if readiness.isReadable(typed) {
        guard try readKeys() else { return nil }
      } else if size != shown {
        shown = size
        try output.write(display.show(state, shown))
      } else {
        keys += decoder.flush()
      }
    }
    return keys.removeFirst()
  }

  /// Takes what was typed while the terminal edited lines itself; it has left a NUL for a Ctrl-D.
  private func takeTypedAhead() throws(Failure) {
    var readiness = Readiness()
    let typed = readiness.watch(input, POLLIN)
    readiness.wait(milliseconds: 0)
    guard readiness.isReadable(typed) else { return }
    _ = try readKeys { $0 == 0 ? 0x04 : $0 }
  }

  /// False when the terminal has gone.
  private func readKeys(_ meaning: (UInt8) -> UInt8 = { $0 }) throws(Failure) -> Bool {
    var bytes: [UInt8] = []
    do throws(SystemError) {
      guard try FileContents.readSome(input, into: &bytes, InputLimit()) else { return false }
    } catch {
      // What a terminal says that is there no more.
      if error.number == EIO { return false }
      throw Failure(.failed, "the terminal can't be read: \(error.reason)")
    }
    keys += decoder.append(bytes.map(meaning))
    return true
  }

  private func suspend(_ display: inout EditorDisplay) throws(Failure) {
    try output.write(display.finish(state, size))
    try terminal.leave()
    raise(SIGTSTP)
    try terminal.enter()
  }

  /// Has a change of the terminal's size end the wait for a key.
  private static func noticeResizing() {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in }
    unsafe sigaction(SIGWINCH, &action, nil)
  }
}
