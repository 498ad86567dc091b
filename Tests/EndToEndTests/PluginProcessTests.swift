import Glibc
import JSON
import TestSupport
import Testing

/// Plugins of a real daemon: what surrounds them, and that nothing of them outlives it.
@Suite(.serialized) struct PluginProcessTests {
  private static let canary = "sk-canary-7d1f03b2"

  private let scratch: Scratch
  private let simulator: Simulator

  init() throws {
    scratch = try Scratch()
    simulator = try Simulator()
  }

  /// The configuration of a plugin that is started with the daemon.
  private func plugin(_ name: String, _ script: String, _ rest: String = "") throws -> String {
    let program = try scratch.write(name, "#!/bin/sh\n\(script)\n", mode: 0o700)
    return """
      [plugins.\(name)]
      command = ["\(program)"]
      hooks = ["usage"]
      start = "eager"
      \(rest)

      """
  }

  private func plugins(_ daemon: DaemonProcess) throws -> [RawJSON] {
    let answer = try daemon.connect().call(1, "plugins.list")
    return try #require(answer.result?["data"]?.elements)
  }

  /// Waits until a plugin is in a state, and returns its process id.
  @discardableResult
  private func awaitState(
    _ state: String, of name: String = "p", in daemon: DaemonProcess
  ) throws -> Int32 {
    var id: Int64?
    try Wait.until("\(name) is \(state)") {
      let plugin = try plugins(daemon).first { $0["name"]?.string == name }
      id = plugin?["pid"]?.integer
      return plugin?["state"]?.string == state
    }
    return Int32(id ?? 0)
  }

  private func isAlive(_ id: Int32) -> Bool { Glibc.kill(id, 0) == 0 }

  /// The process id that a plugin left in a file.
  private func processID(in file: String) throws -> Int32 {
    var id: Int32?
    try Wait.until("\(file) is written") {
      id = unsafe access(file, R_OK) == 0 ? Int32(try TextFile.text(file).dropLast()) : nil
      return id != nil
    }
    return try #require(id)
  }

  @Test func `no key and no descriptor of the daemon reaches its children`() throws {
    let daemon = try DaemonProcess(
      simulator, upstream: "api_key = { env = \"CANARY_KEY\" }",
      rest: try plugin("p", "exec cat >/dev/null"),
      environment: [
        "CANARY_KEY": Self.canary, "COMETAPI_KEY": Self.canary,
        "CREDENTIALS_DIRECTORY": scratch.path,
      ])
    let id = try awaitState("running", in: daemon)
    let parent = try #require(
      try TextFile.text("/proc/\(id)/stat").split(separator: " ").dropFirst(3).first)
    for child in [id, try #require(Int32(parent))] {
      let environment = String(
        decoding: try ProcessFigures(child).environment, as: UTF8.self)
      #expect(!environment.contains(Self.canary))
      #expect(!environment.contains("CREDENTIALS_DIRECTORY"))
      // A shell keeps its script open until it is another program.
      try Wait.until("three descriptors of \(child)") {
        !(3..<64).contains { unsafe access("/proc/\(child)/fd/\($0)", F_OK) == 0 }
      }
    }
  }

  @Test func `nothing of a plugin survives the death of the daemon`() throws {
    let left = "\(scratch.path)/left"
    let script = """
      trap '' TERM HUP
      setsid sh -c 'trap "" TERM; echo $$ >\(left); sleep 1000' </dev/null >/dev/null 2>&1 &
      while :; do sleep 1000; done
      """
    let daemon = try DaemonProcess(simulator, rest: try plugin("p", script))
    let ids = [try awaitState("running", in: daemon), try processID(in: left)]
    #expect(ids.allSatisfy(isAlive))
    try daemon.kill()
    try Wait.until("the end of \(ids)") { !ids.contains(where: isAlive) }
  }

  @Test func `plugins end before the daemon does`() throws {
    let stubborn = "trap '' TERM\nwhile :; do sleep 1000; done"
    let daemon = try DaemonProcess(
      simulator,
      rest: try plugin("p", "while read -r line; do :; done") + plugin("q", stubborn))
    let ids = [
      try awaitState("running", in: daemon), try awaitState("running", of: "q", in: daemon),
    ]
    #expect(try daemon.stop().status == 0)
    #expect(!ids.contains(where: isAlive))
  }

  @Test func `a plugin that was killed is started again and the journal says so`() throws {
    let daemon = try DaemonProcess(
      simulator, rest: try plugin("p", "echo 'ready \u{1B}[1m' >&2\nwhile read -r line; do :; done")
    )
    let first = try awaitState("running", in: daemon)
    Glibc.kill(first, SIGKILL)
    try Wait.until("a restart") {
      let plugin = try plugins(daemon)[0]
      return plugin["restarts"]?.integer == 1 && plugin["state"]?.string == "running"
    }
    #expect(try plugins(daemon)[0]["last_error"]?.string == "was ended by signal 9")
    #expect(daemon.log.contains("Plugin p was ended by signal 9; it is started again in 100ms"))
    try Wait.until("what it says") { daemon.log.contains("Plugin p: ready  [1m") }
  }

  @Test func `a reload starts and stops plugins`() throws {
    let daemon = try DaemonProcess(
      simulator, rest: try plugin("p", "while read -r line; do :; done"))
    let first = try awaitState("running", in: daemon)
    try daemon.writeConfiguration(
      DaemonProcess.configuration(
        simulator, rest: try plugin("q", "while read -r line; do :; done")))
    #expect(try daemon.connect().call(1, "daemon.reload").result != nil)
    try awaitState("running", of: "q", in: daemon)
    #expect(try plugins(daemon).count == 1)
    try Wait.until("the end of the first") { !isAlive(first) }
  }

  @Test(arguments: [
    "while :; do echo noise; done", "while :; do echo noise >&2; done", "cat /dev/zero",
    "while :; do echo '{\"method\":\"m\"}'; done", "exit 1",
  ])
  func `a misbehaving plugin slows nobody down`(_ script: String) throws {
    let daemon = try DaemonProcess(simulator, rest: try plugin("p", script, "max_restarts = 1000"))
    try Wait.until("its start") {
      try plugins(daemon)[0]["restarts"]?.integer ?? 0 > 0 || daemon.log.contains("Plugin p: noise")
    }
    // What the machine is busy with otherwise slows both.
    let calm = try DaemonProcess(simulator)
    let clients = [try daemon.connect(), try calm.connect()]
    var times: [[Duration]] = [[], []]
    for id in 0..<200 {
      for (index, client) in clients.enumerated() {
        let start = ContinuousClock.now
        _ = try client.call(id, "daemon.ping")
        times[index].append(ContinuousClock.now - start)
      }
    }
    let medians = times.map { $0.sorted()[100] }
    #expect(medians[0] < medians[1] * 3 + .milliseconds(1), "\(medians)")
  }
}
