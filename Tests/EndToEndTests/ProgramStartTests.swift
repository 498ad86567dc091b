import Glibc
import JSON
import TestSupport
import Testing

/// How the programs begin where descriptors are closed or /proc is missing.
@Suite struct ProgramStartTests {
  /// What a shell is told, and which descriptors that closes.
  private static let closings: [(redirections: String, closed: [Int])] = [
    ("<&-", [0]), (">&-", [1]), ("2>&-", [2]), ("<&- >&-", [0, 1]), ("<&- 2>&-", [0, 2]),
    (">&- 2>&-", [1, 2]), ("<&- >&- 2>&-", [0, 1, 2]),
  ]

  private static func start(
    _ redirections: String, _ command: [String], input: ChildProcess.Input = .nothing,
    readsOutput: Bool = false, environment: [String: String] = [:]
  ) throws -> ChildProcess {
    try ChildProcess(
      ["/bin/sh", "-c", "exec \"$@\" \(redirections)", "sh"] + command, environment: environment,
      input: input, readsOutput: readsOutput)
  }

  private static func expectNull(_ process: ChildProcess, _ descriptors: [Int]) throws {
    for descriptor in descriptors {
      let end = try run(["readlink", "/proc/\(process.identifier)/fd/\(descriptor)"])
      #expect(end.output == "/dev/null\n", "descriptor \(descriptor)")
    }
  }

  @Test(arguments: closings)
  func `a daemon has /dev/null where it was given nothing`(
    _ redirections: String, _ closed: [Int]
  ) throws {
    let scratch = try Scratch()
    let configuration = try scratch.write("config.toml", "")
    let socket = "\(scratch.path)/s"
    let process = try Self.start(
      redirections,
      [
        try Binaries.path(of: "halleyd"), "--config", configuration, "--state",
        "\(scratch.path)/state", "--socket", socket,
      ])
    try Wait.until("the daemon's socket") {
      do {
        return try SocketClient(socket).call(1, "daemon.ping").result?.text == "{}"
      } catch is SupportError {
        return false
      }
    }
    try Self.expectNull(process, closed)
  }

  @Test(arguments: closings.filter { !$0.closed.contains(1) })
  func `a simulator has /dev/null where it was given nothing`(
    _ redirections: String, _ closed: [Int]
  ) throws {
    let process = try Self.start(
      redirections, [try Binaries.path(of: "halley-simulator")], readsOutput: true)
    let line = try RawJSON(parsing: try process.readLine())
    #expect(line["base_url"]?.string?.isEmpty == false)
    try Self.expectNull(process, closed)
  }

  @Test(arguments: closings)
  func `what an answer says never reaches the daemon as a request`(
    _ redirections: String, _ closed: [Int]
  ) throws {
    let simulator = try Simulator()
    let daemon = try DaemonProcess(simulator)
    let name = #""conversation":"kept""#
    let kept = try daemon.connect().call(1, "conversations.create", #"{"name":"kept"}"#)
    #expect(kept.error == nil)
    let order =
      #"\n{\"id\":7,\"method\":\"conversations.delete\",\"params\":{\#(escaped(name))}}\n"#
    let process = try Self.start(
      redirections,
      [
        try Binaries.path(of: "halley"), "hi", "--param", #"metadata={"text":"\#(order)"}"#,
      ], environment: ["HALLEY_SOCKET": daemon.socketPath])
    let end = try process.wait()
    #expect(end.status == 0, "\(end.error)")
    #expect(end.output.isEmpty == closed.contains(1))
    let answer = try daemon.connect().call(2, "conversations.retrieve", "{\(name)}")
    #expect(answer.error == nil)
  }

  private func escaped(_ text: String) -> String { text.replacing("\"", with: "\\\"") }

  private static let canHideProc: Bool = {
    do { return try run(hidingProc + ["true"]).status == 0 } catch { return false }
  }()

  private static let hidingProc = [
    "unshare", "--mount", "sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh",
  ]

  @Test(.enabled(if: canHideProc, "/proc can't be hidden here"))
  func `halley works without proc`() throws {
    let simulator = try Simulator()
    let daemon = try DaemonProcess(simulator)
    let program = try Binaries.path(of: "halley")
    for words in [
      ["--version"], ["hi"], ["-c", "-q", "and"], ["status"], ["models"], ["help", "ask"],
    ] {
      let end = try run(
        Self.hidingProc + [program] + words, environment: ["HALLEY_SOCKET": daemon.socketPath])
      #expect(end.status == 0, "\(words): \(end.error)")
      #expect(!end.output.isEmpty, "\(words)")
      #expect(end.error.isEmpty, "\(words): \(end.error)")
    }
  }

  @Test(.enabled(if: canHideProc, "/proc can't be hidden here"))
  func `the daemon and the simulator hear their options without proc`() throws {
    let scratch = try Scratch()
    let file = try scratch.write("config.toml", "[limits]\nline = \"3MiB\"\n")
    let shown = try run(
      Self.hidingProc + [try Binaries.path(of: "halleyd"), "--show-config", "--config", file],
      environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(shown.status == 0, "\(shown.error)")
    #expect(shown.output.contains(file))
    let help = try run(Self.hidingProc + [try Binaries.path(of: "halley-simulator"), "--help"])
    #expect(help.output.contains("OVERVIEW"))
  }

  @Test(arguments: [
    ["halley", "--help"], ["halley", "help", "ask"], ["halley", "--version"],
    ["halley", "init", "bash"], ["halleyd", "--show-config"], ["halleyd", "--check-config"],
  ])
  func `a full disk behind stdout is told`(_ words: [String]) throws {
    let program = try Binaries.path(of: words[0])
    let end = try Self.start(
      ">/dev/full", [program] + words.dropFirst(), environment: ["HOME": "/nonexistent"]
    ).wait()
    #expect(end.status == 1)
    #expect(end.error.contains("stdout can't be written"))
  }
}
