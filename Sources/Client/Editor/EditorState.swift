/// What the keys do to the text that is being typed; it knows no terminal.
package struct EditorState: Sendable {
  /// What is to be done beside showing the text again.
  package enum Effect: Equatable, Sendable {
    case none
    /// The text is entered.
    case enter
    /// Ctrl-C.
    case cancel
    /// Ctrl-D without a text.
    case end
    case clearScreen
    /// Ctrl-Z.
    case suspend
  }

  /// A search through the history (Ctrl-R).
  package struct Search: Equatable, Sendable {
    package fileprivate(set) var query = ""
    package fileprivate(set) var isFailing = false
    fileprivate var index: Int?
    fileprivate let original: EditBuffer
  }

  package private(set) var buffer = EditBuffer()
  package private(set) var search: Search?
  package var history: InputHistory
  /// What Tab completes, such as `/help`.
  private let completions: [String]
  /// What Tab completes too, of this text alone.
  package var offered: [String] = []
  private var cut = ""
  private var hasJustCut = false
  private var undo: [EditBuffer] = []
  private var isTyping = false

  package init(history: InputHistory, completions: [String] = []) {
    self.history = history
    self.completions = completions
  }

  /// Begins a new text.
  package mutating func clear() {
    buffer = EditBuffer()
    search = nil
    undo = []
    isTyping = false
  }

  package mutating func take(_ key: Key) -> Effect {
    if search != nil {
      guard let effect = takeInSearch(key) else { return take(key) }
      return effect
    }
    let old = buffer
    let hadJustCut = hasJustCut
    hasJustCut = false
    let effect = act(on: key, joinsCut: hadJustCut)
    remember(old, after: key)
    return effect
  }

  private mutating func act(on key: Key, joinsCut: Bool) -> Effect {
    switch key {
    case .text(let text), .paste(let text): buffer.insert(text)
    case .newline: buffer.insert("\n")
    case .enter: return enter()
    case .control(let letter): return control(letter, joinsCut: joinsCut)
    case .alt(let letter): alt(letter, joinsCut: joinsCut)
    case .tab: complete()
    case .escape: break
    case .up: moveUp()
    case .down: moveDown()
    default: move(key)
    }
    return .none
  }

  private mutating func move(_ key: Key) {
    switch key {
    case .backspace: buffer.deleteBackward()
    case .delete: buffer.deleteForward()
    case .left: buffer.moveLeft()
    case .right: buffer.moveRight()
    case .home: buffer.moveToLineStart()
    case .end: buffer.moveToLineEnd()
    case .wordLeft: buffer.moveWordLeft()
    case .wordRight: buffer.moveWordRight()
    default: break
    }
  }

  /// A backslash at the end goes on in a further line.
  private mutating func enter() -> Effect {
    buffer.moveToEnd()
    guard buffer.before.hasSuffix("\\") else { return .enter }
    buffer.deleteBackward()
    buffer.insert("\n")
    return .none
  }

  private mutating func control(_ letter: Character, joinsCut: Bool) -> Effect {
    switch letter {
    case "c": return .cancel
    case "d":
      if buffer.isEmpty { return .end }
      buffer.deleteForward()
    case "l": return .clearScreen
    case "z": return .suspend
    case "r": search = Search(original: buffer)
    case "a": buffer.moveToLineStart()
    case "e": buffer.moveToLineEnd()
    case "b": buffer.moveLeft()
    case "f": buffer.moveRight()
    case "p": showPrevious()
    case "n": showNext()
    case "k": keep(buffer.cutToLineEnd(), isForward: true, joinsCut)
    case "u": keep(buffer.cutToLineStart(), isForward: false, joinsCut)
    case "w": keep(buffer.cutBlankBackward(), isForward: false, joinsCut)
    case "y": buffer.insert(cut)
    case "t": buffer.transpose()
    case "_": takeBack()
    default: break
    }
    return .none
  }

  private mutating func alt(_ letter: Character, joinsCut: Bool) {
    switch letter {
    case "b": buffer.moveWordLeft()
    case "f": buffer.moveWordRight()
    case "d": keep(buffer.cutWordForward(), isForward: true, joinsCut)
    case "\u{7F}": keep(buffer.cutWordBackward(), isForward: false, joinsCut)
    default: break
    }
  }

  /// What is cut in one go is put back in one go.
  private mutating func keep(_ text: String, isForward: Bool, _ joins: Bool) {
    hasJustCut = true
    if !joins { cut = "" }
    cut = isForward ? cut + text : text + cut
  }

  // MARK: Undo

  /// Remembers the text before a change; what was typed without a break counts as one.
  private mutating func remember(_ old: EditBuffer, after key: Key) {
    guard key != .control("_") else { return }
    guard buffer.text != old.text else {
      isTyping = false
      return
    }
    var isText = false
    if case .text = key { isText = true }
    if !(isText && isTyping) { undo.append(old) }
    isTyping = isText
  }

  private mutating func takeBack() {
    isTyping = false
    if let old = undo.popLast() { buffer = old }
  }

  // MARK: History

  private mutating func moveUp() {
    if !buffer.moveUp() { showPrevious() }
  }

  private mutating func moveDown() {
    if !buffer.moveDown() { showNext() }
  }

  private mutating func showPrevious() {
    if let entry = history.previous(instead: buffer.text) { buffer = EditBuffer(entry) }
  }

  private mutating func showNext() {
    if let entry = history.next() { buffer = EditBuffer(entry) }
  }

  private mutating func complete() {
    let matches = (completions + offered).filter { $0.hasPrefix(buffer.before) }
    guard buffer.after.isEmpty, !buffer.isEmpty, let first = matches.first else { return }
    let common = matches.dropFirst().reduce(first) { common, match in
      String(zip(common, match).prefix { $0 == $1 }.map(\.0))
    }
    // What a directory holds is completed next.
    let isWhole = matches.count == 1 && !first.hasSuffix("/")
    buffer = EditBuffer(isWhole ? first + " " : common)
  }

  // MARK: Search

  /// Nil where the key ends the search and is then taken as always.
  private mutating func takeInSearch(_ key: Key) -> Effect? {
    switch key {
    case .text(let text), .paste(let text):
      search?.query += text
      find(before: search?.index.map { $0 + 1 })
    case .backspace:
      _ = search?.query.popLast()
      find(before: nil)
    case .control("r"): find(before: search?.index)
    case .control("g"), .control("c"):
      if let original = search?.original { buffer = original }
      search = nil
    default:
      search = nil
      return nil
    }
    return Effect.none
  }

  private mutating func find(before index: Int?) {
    guard var search else { return }
    if let found = history.newest(holding: search.query, before: index) {
      search.index = found
      search.isFailing = false
      buffer = EditBuffer(history.show(found, instead: search.original.text))
    } else {
      search.isFailing = !search.query.isEmpty
    }
    self.search = search
  }
}
