import Glibc
import JSON
import TestSupport
import Testing

/// The commands about files: configuration, keys and templates; and the doctor.
@Suite struct CommandFileTests {
  private let simulator: Simulator
  private let daemon: DaemonProcess
  private let home: Scratch

  init() throws {
    simulator = try Simulator()
    home = try Scratch()
    for name in ["halley", "halley/conf.d"] { unsafe mkdir("\(home.path)/\(name)", 0o700) }
    daemon = try DaemonProcess(
      simulator,
      rest: "[aliases]\nmini = \"gpt-5.4-mini\"\n[upstreams.gone]\n"
        + "base_url = \"http://127.0.0.1:9/v1\"\napi_key = { file = \"\(home.path)/gone.key\" }\n")
  }

  private func halley(
    _ arguments: [String], asksDaemon: Bool = false, editor: String = "true"
  ) throws -> ChildProcess.Ended {
    try run(
      [try Binaries.path(of: "halley")] + arguments,
      environment: [
        "HALLEY_SOCKET": asksDaemon ? daemon.socketPath : "\(home.path)/none",
        "XDG_CONFIG_HOME": home.path, "HOME": home.path, "EDITOR": editor,
      ])
  }

  private var file: String { "\(home.path)/halley/config.toml" }

  @Test func `a configuration is begun, and not written over`() throws {
    #expect(try halley(["config", "path"]).output == "\(file)\n")
    let first = try halley(["config", "init"])
    #expect(first.status == 0, "\(first.error)")
    #expect(first.output == "\(file)\n")
    #expect(try TextFile.text(file).contains("# [aliases]"))
    #expect(try halley(["config", "check"]).status == 0)
    let second = try halley(["config", "init"])
    #expect(second.status == 64)
    #expect(second.error.contains("is there already"), "\(second.error)")
  }

  @Test func `the path is that of the daemon in use`() throws {
    #expect(
      try halley(["config", "path"], asksDaemon: true).output == "\(daemon.configurationPath)\n")
  }

  private static let before = """
    # mine
    default_model = "gpt-5.4"   # the usual one
    [cache]
    # how long
    ttl = "1h"

    [upstreams.x]
    base_url = "https://x.example/v1"
    models = [
      "a", # first
      "b",
    ]

    """

  private static let after = """
    # mine
    default_model = "gpt-5.4-mini"   # the usual one
    default_upstream = "x"
    [cache]
    # how long
    ttl = "12h"
    enabled = false

    [upstreams.x]
    base_url = "https://x.example/v1"
    models = [
      "a", # first
      "b",
    ]
    max_concurrent = 4

    [aliases]
    mini = "gpt-5.4-mini"

    """

  @Test func `a value is set where it stands, and all else stays`() throws {
    try home.write("halley/config.toml", Self.before)
    for (key, value) in [
      ("default_model", "gpt-5.4-mini"), ("cache.ttl", "12h"), ("cache.enabled", "false"),
      ("aliases.mini", "gpt-5.4-mini"), ("upstreams.x.max_concurrent", "4"),
      ("default_upstream", "x"),
    ] {
      let end = try halley(["config", "set", key, value])
      #expect(end.status == 0, "\(key): \(end.error)")
    }
    #expect(try TextFile.text(file) == Self.after)
  }

  @Test func `what is wrong is not written`() throws {
    try home.write("halley/config.toml", "default_model = \"m\"\n")
    for (key, value) in [("cache.ttl", "soon"), ("defaultmodel", "x")] {
      let end = try halley(["config", "set", key, value])
      #expect(end.status == 78, "\(end.error)")
      #expect(end.error.contains("\(key) was not set"), "\(end.error)")
    }
    #expect(try halley(["config", "set", "cache", "x"]).status == 78)
    #expect(try halley(["config", "set", "a b", "x"]).status == 64)
    #expect(try TextFile.text(file) == "default_model = \"m\"\n")
  }

  @Test func `a key that another file sets is named`() throws {
    try home.write("halley/config.toml", "")
    try home.write("halley/conf.d/10-own.toml", "default_model = \"m\"\n")
    let end = try halley(["config", "set", "default_model", "other"])
    #expect(end.status == 78)
    #expect(end.error.contains("\(home.path)/halley/conf.d/10-own.toml"), "\(end.error)")
    #expect(try TextFile.text(file).isEmpty)
  }

  @Test func `keys are listed, tested and removed where the daemon reads them`() throws {
    let key = try home.write("gone.key", "secret\n")
    let list = try halley(["keys", "list"], asksDaemon: true)
    #expect(list.output.contains("gone") && list.output.contains("gone.key"), "\(list.output)")
    #expect(!list.output.contains("secret"))
    let fine = try halley(["keys", "test", "simulator"], asksDaemon: true)
    #expect(fine.status == 0, "\(fine.output)")
    #expect(fine.output.hasPrefix("simulator: works, "))
    #expect(try halley(["keys", "test", "gone"], asksDaemon: true).status != 0)
    #expect(try halley(["keys", "remove", "simulator"], asksDaemon: true).status == 78)
    #expect(try halley(["keys", "remove", "nosuch"], asksDaemon: true).status == 64)
    #expect(try halley(["keys", "remove", "gone"], asksDaemon: true).output == "removed \(key)\n")
    #expect(unsafe access(key, F_OK) != 0)
    #expect(try halley(["keys", "remove", "gone"], asksDaemon: true).status == 66)
  }

  @Test func `a template is saved, listed, shown, edited and asked`() throws {
    let save = [
      "templates", "save", "review", "-s", "Be brief.", "--schema", "verdict, score int", "-P",
      "focus=speed", "Look for {{focus}}: {{input}}",
    ]
    #expect(try halley(save).status == 0)
    #expect(try halley(save).status == 64)
    #expect(try halley(save + ["--force"]).status == 0)
    #expect(try halley(["templates", "list"]).output.contains("review\tLook for"))
    let text = try halley(["templates", "show", "review"]).output
    #expect(text.contains("instructions: \"Be brief.\"\n") && text.contains("  focus: speed\n"))
    #expect(try halley(["-t", "review", "this"], asksDaemon: true).status == 0)
    let body = try simulator.bodies().last
    #expect(body?["input"]?.string == "Look for speed: this")
    #expect(body?["instructions"]?.string == "Be brief.")
    #expect(body?["text"]?["format"]?["schema"]?["properties"]?["score"] != nil)
    #expect(try halley(["-t", "review", "-P", "focus=x", "y"], asksDaemon: true).status == 0)
    #expect(try simulator.bodies().last?["input"]?.string == "Look for x: y")
    let editor = try home.write("editor", "#!/bin/sh\necho changed >\"$1\"\n")
    unsafe chmod(editor, 0o700)
    #expect(try halley(["templates", "edit", "review"], editor: editor).status == 0)
    #expect(try halley(["templates", "show", "review"]).output == "changed\n")
    let unknown = try halley(["templates", "show", "nosuch"])
    #expect(unknown.status == 66)
    #expect(unknown.error.contains("there are:"), "\(unknown.error)")
  }

  @Test func `a doctor says what is wrong and what mends it`() throws {
    let well = try DaemonProcess(simulator)
    let program = try Binaries.path(of: "halley")
    let fine = try run([program, "doctor", "--socket", well.socketPath])
    #expect(fine.status == 0, "\(fine.output)")
    #expect(fine.output.contains("ok     upstream simulator: answers"), "\(fine.output)")
    let sick = try halley(["doctor"], asksDaemon: true)
    #expect(sick.status == 1)
    #expect(sick.output.contains("wrong  upstream gone:"), "\(sick.output)")
    #expect(sick.output.contains("mend: "))
    let gone = try halley(["doctor", "--json"])
    #expect(gone.status == 1)
    let checks = try RawJSON(parsing: gone.output)["checks"]?.elements ?? []
    #expect(checks.first?["check"]?.string == "socket")
    #expect(checks.first?["state"]?.string == "found")
    #expect(checks.first?["mend"]?.string?.isEmpty == false)
  }

  @Test func `an alias stands for its model`() throws {
    #expect(try halley(["-m", "mini", "Hello"], asksDaemon: true).status == 0)
    #expect(try simulator.bodies().last?["model"]?.string == "gpt-5.4-mini")
    let known = try halley(["models", "mini"], asksDaemon: true)
    #expect(known.status == 0, "\(known.error)")
    #expect(known.output.contains("gpt-5.4-mini"), "\(known.output)")
    let unknown = try halley(["models", "gpt-5.4-mnii"], asksDaemon: true)
    #expect(unknown.status != 0)
    #expect(unknown.error.contains("did you mean gpt-5.4-mini?"), "\(unknown.error)")
  }
}
