import Glibc
import JSON
import TestSupport
import Testing

/// What the command line makes of words, files and schemas.
@Suite struct CommandPromptTests {
  private let simulator: Simulator
  private let daemon: DaemonProcess
  private let scratch: Scratch

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(simulator)
    scratch = try Scratch()
  }

  private func halley(
    _ arguments: [String], environment: [String: String] = [:]
  ) throws -> ChildProcess.Ended {
    try run(
      [try Binaries.path(of: "halley")] + arguments,
      environment: environment.merging(["HALLEY_SOCKET": daemon.socketPath]) { old, _ in old })
  }

  private func lastBody() throws -> RawJSON { try simulator.bodies().last ?? .emptyObject }

  @Test(arguments: [
    ["logs"], ["statsu", "--json"], ["confg", "check"], ["-q", "logs"],
    ["help", "nosuch"], ["list", "three", "colours"], ["log", "in", "to", "a", "server"],
    ["keys", "are", "bad"], ["config", "my", "nginx"], ["usage", "of", "words"],
  ])
  func `words that were hardly meant as a prompt are not sent`(_ words: [String]) throws {
    let end = try halley(words)
    #expect(end.status == 64, "\(end.output)")
    #expect(end.error.contains("halley ask \(words.joined(separator: " "))\n"), "\(end.error)")
    #expect(try simulator.count("creates") == 0)
  }

  @Test(arguments: [["hello"], ["ask", "logs"], ["--", "logs"], ["logs", "of", "wood"]])
  func `words that may be a prompt are one`(_ words: [String]) throws {
    #expect(try halley(words).status == 0)
    #expect(try simulator.count("creates") == 1)
  }

  @Test func `a misspelt parameter is named, and a foreign one is passed on`() throws {
    let end = try halley(["ask", "hi", "--param", "temperatur=1"])
    #expect(end.status == 64)
    #expect(end.error.contains("did you mean \"temperature\"?"), "\(end.error)")
    #expect(try halley(["ask", "hi", "--param", "top_k=1"]).status == 0)
    #expect(try lastBody()["top_k"]?.integer == 1)
  }

  @Test func `a schema may be told by its fields`() throws {
    let end = try halley(["--schema", "name, age int, bio: one line", "A person"])
    #expect(end.status == 0, "\(end.error)")
    let format = try lastBody()["text"]?["format"]
    let schema = format?["schema"]
    #expect(format?["strict"]?.boolean == true)
    #expect(schema?["properties"]?["age"]?["type"]?.string == "integer")
    #expect(schema?["properties"]?["bio"]?["description"]?.string == "one line")
    #expect(schema?["required"]?.elements.compactMap(\.string) == ["name", "age", "bio"])
    let wrong = try halley(["--schema", "age itn, name", "x"])
    #expect(wrong.status == 64)
    #expect(wrong.error.contains("\"itn\" found as the type of \"age\""), "\(wrong.error)")
    #expect(try halley(["--schema", "missing/schema.json", "x"]).status == 66)
  }

  @Test func `several answers of a schema are asked for as items`() throws {
    for schema in ["name, age int", #"{"type":"object"}"#] {
      #expect([0, 65].contains(try halley(["--schema-multi", schema, "People"]).status))
      let items = try lastBody()["text"]?["format"]?["schema"]?["properties"]?["items"]
      #expect(items?["type"]?.string == "array")
      #expect(items?["items"]?["type"]?.string == "object")
    }
    #expect(try halley(["--schema", "a", "--schema-multi", "b", "x"]).status == 64)
  }

  @Test func `the last block of code is printed alone`() throws {
    let text = #"metadata={"text":"a\n```\none\n```\nb\n```sh\ntwo\nthree\n```\nc"}"#
    #expect(try halley(["ask", "x", "--xl", "--param", text]).output == "two\nthree\n")
    #expect(try halley(["ask", "x", "-x", "--param", text]).output == "one\n")
    let none = try halley(["ask", "x", "--xl", "--param", #"metadata={"text":"words"}"#])
    #expect(none.status == 1)
    #expect(none.error.contains("no fenced code block"))
  }

  @Test func `an attachment is of the type that stands behind it`() throws {
    let file = try scratch.write("a", "text")
    let end = try halley(["-a", file, "--at", "image/png", "-a", file, "What?"])
    #expect(end.status == 0, "\(end.error)")
    let parts = try lastBody()["input"]?.elements.first?["content"]?.elements ?? []
    #expect(parts[1]["image_url"]?.string?.hasPrefix("data:image/png;base64,") == true)
    #expect(parts[2]["file_data"]?.string?.hasPrefix("data:text/plain;base64,") == true)
    for words in [["--at", "image/png", "x"], ["-a", file, "--at", "png", "x"]] {
      let wrong = try halley(words)
      #expect(wrong.status == 64)
      #expect(wrong.error.contains("--at"), "\(wrong.error)")
    }
  }

  @Test func `directories, globs and pages are put into the prompt`() throws {
    let root = scratch.path
    for directory in ["d", "d/sub", "d/.git"] { unsafe mkdir("\(root)/\(directory)", 0o700) }
    try scratch.write("d/one.c", "first\n")
    try scratch.write("d/sub/two.c", "second\n")
    try scratch.write("d/.git/config", "hidden\n")
    try scratch.write("d/binary", "\0")
    #expect(try halley(["-f", "\(root)/d", "What?"]).status == 0)
    let all = try lastBody()["input"]?.string ?? ""
    #expect(all.contains("\(root)/d/one.c:\n```c\nfirst\n```\n\n\(root)/d/sub/two.c:"), "\(all)")
    #expect(!all.contains("hidden") && !all.contains("binary"))
    #expect(try halley(["-f", "\(root)/d/**/*.c", "What?"]).status == 0)
    #expect(try lastBody()["input"]?.string == all)
    let page = try halley(["-f", "\(simulator.baseURL)/models", "What?"])
    #expect(page.status == 0, "\(page.error)")
    #expect(try lastBody()["input"]?.string?.contains("gpt-5.4-mini") == true)
    let nothing = try halley(["-f", "\(root)/d/*.zip", "What?"])
    #expect(nothing.status == 66)
    let alone = try halley(
      ["-f", "\(simulator.baseURL)/models", "What?"], environment: ["PATH": "/nonexistent"])
    #expect(alone.status == 66)
    #expect(alone.error.contains("curl is not in PATH"), "\(alone.error)")
  }

  @Test func `files of more than 16 MiB are refused`() throws {
    let big = try scratch.write("big", String(repeating: "x", count: 9 << 20))
    let end = try halley(["-f", big, "-f", big, "What?"])
    #expect(end.status == 66)
    #expect(end.error.contains("more than 16 MiB"), "\(end.error)")
    #expect(try simulator.count("creates") == 0)
  }

  @Test func `the prompt is written in an editor`() throws {
    let editor = try scratch.write(
      "editor", "#!/bin/sh\ntext=$(cat \"$1\"); printf 'to %s' \"$text\" >\"$1\"\n")
    unsafe chmod(editor, 0o700)
    let end = try halley(["-e", "begin", "with"], environment: ["EDITOR": "\(editor)"])
    #expect(end.status == 0, "\(end.error)")
    let input = try lastBody()["input"]?.string
    #expect(input == "to begin with", "\(input ?? "")")
    let failed = try halley(["-e", "x"], environment: ["EDITOR": "false"])
    #expect(failed.status == 1)
    #expect(failed.error.contains("the editor \"false\" ended with 1"), "\(failed.error)")
  }
}
