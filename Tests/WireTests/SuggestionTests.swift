import Testing
import Wire

@Suite struct SuggestionTests {
  private static let names = [
    "status", "models", "search", "list", "help", "max_retries", "idle_timeout", "responses.create",
  ]

  @Test(
    arguments: [
      ("staus", "status"), ("modles", "models"), ("serach", "search"), ("lst", "list"),
      ("Models", "models"), ("max_retires", "max_retries"), ("idle-timeout", "idle_timeout"),
      ("response.create", "responses.create"), ("help", nil), ("colour", nil), ("x", nil),
      ("make.coffee.now", nil), ("", nil),
    ] as [(String, String?)])
  func `the nearest name is meant, where one is near`(_ word: String, _ meant: String?) {
    #expect(closest(to: word, among: Self.names) == meant)
  }

  @Test func `how near is near may be said`() {
    #expect(closest(to: "hello", among: Self.names) == "help")
    #expect(closest(to: "hello", among: Self.names, edits: 1) == nil)
    #expect(closest(to: "helo", among: Self.names, edits: 1) == "help")
    #expect(closest(to: "status", among: []) == nil)
  }
}
