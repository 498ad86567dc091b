import Client
import Testing

struct ChatCommandTests {
  @Test(
    arguments: [
      ("/model", .model(nil)), ("/model gpt-5.4-mini ", .model("gpt-5.4-mini")),
      ("/attach a b.png", .attach("a b.png")), ("/fork", .fork(nil)),
      ("/save notes", .save("notes")),
      ("/tools", .tools(nil)), ("/tools git.* web", .tools(["git.*", "web"])),
      ("/tools off", .tools([])), ("/undo", .undo), ("/new", .new), ("/help", .help), ("/?", .help),
      ("/quit", .quit), ("/exit", .quit),
    ] as [(String, ChatCommand)])
  func `a line with a slash is a command`(_ line: String, _ command: ChatCommand) throws {
    #expect(try ChatCommand(line) == command)
  }

  @Test(arguments: ["hello", "/etc/fstab is what?", "//help", "/help\nme", "a /help", "", " /help"])
  func `anything else is a message`(_ line: String) throws {
    #expect(try ChatCommand(line) == (line == " /help" ? .help : nil))
  }

  @Test func `two slashes send one`() {
    #expect(ChatCommand.message("//help") == "/help")
    #expect(ChatCommand.message("/etc/fstab") == "/etc/fstab")
  }

  @Test func `an unknown command is refused with the nearest`() {
    #expect {
      try ChatCommand("/modle gpt")
    } throws: { error in
      (error as? Failure)?.text.contains("did you mean /model?") == true
    }
    #expect(throws: Failure.self) { try ChatCommand("/save") }
  }

  @Test func `every command is in the overview`() {
    let overview = "\n" + ChatCommand.overview
    for name in ChatCommand.names { #expect(overview.contains("\n\(name) ")) }
  }
}
