import ArgumentParser
import Client
import JSON

/// What a prompt goes on from, and what is kept of it.
struct ThreadOptions: ParsableArguments {
  @Flag(
    name: [.customShort("c"), .customLong("continue")],
    help: ArgumentHelp("Continue the last exchange of this terminal."))
  var continues = false

  @Option(
    name: [.customShort("C"), .long],
    help: ArgumentHelp("Continue a named conversation, or begin it.", valueName: "name"))
  var conversation: String?

  @Flag(help: "Ask again, and replace what the cache holds.")
  var fresh = false

  @Flag(help: "Answer from the cache or fail.")
  var cached = false

  @Flag(name: .customLong("no-cache"), help: "Neither read nor fill the cache.")
  var avoidsCache = false

  @Flag(name: [.customShort("n"), .customLong("no-store")], help: "Keep no text of this on disk.")
  var isForgotten = false

  @Flag(name: .customLong("no-stream"), help: "Print the answer when it is whole.")
  var isWhole = false

  func validate() throws {
    if continues, conversation != nil {
      throw ValidationError("-c and -C can't both be given")
    }
    if [fresh, cached, avoidsCache].filter({ $0 }).count > 1 {
      throw ValidationError("only one of --fresh, --cached and --no-cache can be given")
    }
  }

  /// What `-c` goes on with: the first words of what was asked last, and the conversation; nil
  /// where that can't be told at once.
  func beginning(_ daemon: DaemonOptions) -> String? {
    guard continues else { return nil }
    let params = RawJSON.object {
      $0.member("scope", TerminalScope.current)
      $0.member("limit", 1)
    }
    let list = QuickCall(socket: daemon.socket).result("responses.list", params)
    guard let last = list?["data"]?.elements.first else { return nil }
    let title = last["title"]?.string.map { "“\($0)”" } ?? last["id"]?.string ?? "the last answer"
    let place = last["conversation"]?["name"]?.string.map { " in \($0)" } ?? ""
    return TerminalText.safe("goes on with \(title)\(place)")
  }

  /// Takes everything over into a request.
  func apply(to request: inout CreateRequest) {
    request.conversation = conversation
    request.continuesScope = continues
    request.scope = isForgotten && !continues ? nil : TerminalScope.current
    request.isStored = !isForgotten
    request.isStreaming = !isWhole
    request.cache = fresh ? "refresh" : cached ? "only" : avoidsCache ? "off" : nil
  }
}
