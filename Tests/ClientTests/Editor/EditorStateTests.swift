import Client
import Testing

struct EditorStateTests {
  /// Types what stands between the keys.
  private func edit(
    _ keys: Key..., history: [String] = [], completions: [String] = []
  ) -> EditorState {
    var state = EditorState(history: InputHistory(history), completions: completions)
    for key in keys { _ = state.take(key) }
    return state
  }

  /// The text with a bar where the cursor is.
  private func shown(_ state: EditorState) -> String {
    "\(state.buffer.before)|\(state.buffer.after)"
  }

  @Test(
    arguments: [
      ([.text("ab"), .left, .text("x")], "ax|b"),
      ([.text("ab"), .home, .delete], "|b"),
      ([.text("ab"), .control("a"), .control("f"), .backspace], "|b"),
      ([.text("one two"), .wordLeft, .wordLeft, .wordRight], "one| two"),
      ([.text("one, two"), .alt("b"), .alt("d")], "one, |"),
      ([.text("a /usr/lib "), .control("w")], "a |"),
      ([.text("one two"), .alt("\u{7F}")], "one |"),
      ([.text("one two"), .wordLeft, .control("k"), .home, .control("y")], "two|one "),
      ([.text("one two"), .control("w"), .control("w"), .control("y")], "one two|"),
      ([.text("one two"), .wordLeft, .control("u")], "|two"),
      ([.text("ab"), .control("t")], "ba|"),
      ([.text("abc"), .left, .control("t")], "acb|"),
      ([.text("a"), .control("t")], "a|"),
      ([.text("你好"), .left, .backspace], "|好"),
      ([.text("e"), .text("\u{301}"), .left, .delete], "|"),
      ([.text("👨‍👩‍👧x"), .left, .left, .text("y")], "y|👨‍👩‍👧x"),
      ([.text("a"), .control("_")], "|"),
      ([.text("a"), .text("b"), .control("w"), .control("_")], "ab|"),
      ([.text("a\\"), .enter, .text("b")], "a\nb|"),
      ([.text("a"), .newline, .text("bc"), .up, .text("x")], "ax|\nbc"),
      ([.text("abc"), .newline, .text("d"), .up, .down, .text("x")], "abc\ndx|"),
      ([.text("a"), .newline, .text("b"), .home, .text("x")], "a\nx|b"),
      ([.text("a"), .newline, .control("u"), .text("x")], "ax|"),
      ([.paste("a\r\nb\rc\u{1B}[A\td")], "a\nb\nc[A\td|"),
      ([.text("a"), .escape, .control("v"), .alt("z")], "a|"),
    ] as [([Key], String)])
  func `keys edit the text`(_ keys: [Key], _ expected: String) {
    var state = EditorState(history: InputHistory())
    for key in keys {
      let effect = state.take(key)
      #expect(effect == .none)
    }
    #expect(shown(state) == expected)
  }

  @Test(
    arguments: [
      ([.text("a"), .enter], .enter), ([.enter], .enter), ([.text("a"), .control("c")], .cancel),
      ([.control("d")], .end), ([.text("a"), .home, .control("d")], .none),
      ([.control("l")], .clearScreen), ([.control("z")], .suspend),
    ] as [([Key], EditorState.Effect)])
  func `keys ask for more than editing`(_ keys: [Key], _ effect: EditorState.Effect) {
    var state = EditorState(history: InputHistory())
    var last = EditorState.Effect.none
    for key in keys { last = state.take(key) }
    #expect(last == effect)
  }

  // MARK: History

  @Test func `up and down go through the history and back to what was being typed`() {
    var state = edit(.text("draft"), .up, history: ["one", "two"])
    #expect(shown(state) == "two|")
    _ = state.take(.control("p"))
    _ = state.take(.up)
    #expect(shown(state) == "one|")
    _ = state.take(.down)
    _ = state.take(.control("n"))
    #expect(shown(state) == "draft|")
    _ = state.take(.down)
    #expect(shown(state) == "draft|")
  }

  @Test func `up moves within a text of several lines first`() {
    let state = edit(.text("a"), .newline, .text("b"), .up, history: ["old"])
    #expect(shown(state) == "a|\nb")
  }

  @Test func `a search finds older and older entries`() {
    let history = ["git log", "ls", "git push"]
    var state = edit(.text("x"), .control("r"), .text("gi"), history: history)
    #expect(state.buffer.text == "git push")
    #expect(state.search?.query == "gi")
    _ = state.take(.control("r"))
    #expect(state.buffer.text == "git log")
    _ = state.take(.control("r"))
    #expect(state.search?.isFailing == true)
    let effect = state.take(.control("g"))
    #expect(effect == .none)
    #expect(shown(state) == "x|")
    #expect(state.search == nil)
  }

  @Test func `what is typed on narrows the search, and Enter enters what was found`() {
    var state = edit(
      .control("r"), .text("git"), .text(" l"), history: ["git log", "ls", "git push"])
    #expect(state.buffer.text == "git log")
    _ = state.take(.backspace)
    #expect(state.buffer.text == "git push")
    let effect = state.take(.enter)
    #expect(effect == .enter)
    #expect(state.buffer.text == "git push")
  }

  @Test func `another key ends the search and does what it does`() {
    let state = edit(.control("r"), .text("l"), .home, .text("x"), history: ["ls"])
    #expect(shown(state) == "x|ls")
    #expect(state.search == nil)
  }

  @Test func `what was entered twice is remembered once`() {
    var history = InputHistory(["a"])
    let added = ["a", "", "b"].map { history.add($0) }
    #expect(added == [false, false, true])
    #expect(history.entries == ["a", "b"])
  }

  // MARK: Completion

  @Test func `Tab completes as far as there is one way`() {
    let completions = ["/model", "/more", "/help"]
    #expect(shown(edit(.text("/h"), .tab, completions: completions)) == "/help |")
    #expect(shown(edit(.text("/m"), .tab, completions: completions)) == "/mo|")
    #expect(shown(edit(.text("x"), .tab, completions: completions)) == "x|")
    #expect(shown(edit(.tab, completions: completions)) == "|")
  }
}
