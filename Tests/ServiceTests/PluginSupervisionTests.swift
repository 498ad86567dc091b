import Configuration
import EventLoop
import Glibc
import JSON
import Plugins
import Testing
import TestSupport

@Suite(.serialized, .onLoop) struct PluginSupervisionTests {
  private static let echo = "while True:\n    m = read(); answer(m, os.getpid())"

  private func processID(_ result: Result<RawJSON, PluginError>) throws -> Int32 {
    try Int32(#require(try result.get().integer))
  }

  @Test @EventLoop func `a plugin gets three descriptors, few variables and default signals`()
    async throws
  {
    let bench = try PluginBench(
      environment: [
        "PATH": "/usr/bin:/bin", "LC_TIME": "C", "COMETAPI_KEY": "sk-canary",
        "CREDENTIALS_DIRECTORY": "/run/credentials", "NOTIFY_SOCKET": "/run/n", "LISTEN_FDS": "1",
      ])
    try await bench.with(
      Self.echo, { $0.environment = [.init(name: "A", value: "b c")] }
    ) { plugin in
      let id = try processID(await outcome(plugin))
      #expect(id == plugin.processID)
      let variables = try TextFile.text("/proc/\(id)/environ").split(separator: "\0").sorted()
      #expect(variables == ["A=b c", "LC_TIME=C", "PATH=/usr/bin:/bin"])
      let status = try TextFile.text("/proc/\(id)/status")
      #expect(status.contains("SigBlk:\t0000000000000000"))
      for descriptor in 0..<64 {
        let isOpen = unsafe access("/proc/\(id)/fd/\(descriptor)", F_OK) == 0
        #expect(isOpen == (descriptor < 3), "\(descriptor)")
      }
      #expect(getpgid(id) == id)
      #expect(getsid(id) == id)
    }
  }

  @Test(arguments: [(.none, "0"), (.standard, "1")] as [(PluginConfiguration.Sandbox, String)])
  @EventLoop func `a plugin has the user's mask of modes, and gains no rights in a sandbox`(
    _ sandbox: PluginConfiguration.Sandbox, _ refusesPrivileges: String
  ) async throws {
    try await PluginBench().with(Self.echo, { $0.sandbox = sandbox }) { plugin in
      let status = try TextFile.text("/proc/\(try processID(await outcome(plugin)))/status")
      #expect(status.contains("Umask:\t0002"))
      #expect(status.contains("NoNewPrivs:\t\(refusesPrivileges)"))
    }
  }

  @Test @EventLoop func `what a child can't be kept from is said at each start`() async throws {
    let bench = try PluginBench()
    try await bench.with(
      Self.echo,
      {
        $0.sandbox = .strict
        $0.hasNetwork = false
        $0.memoryMaximum = 1 << 30
      }
    ) { plugin in
      _ = try processID(await outcome(plugin))
      #expect(
        bench.events.first
          == .unconfined(
            "runs without sandbox, memory_max, network, which only the user's own service has"))
    }
  }

  @Test @EventLoop func `a plugin runs in its directory with its arguments`() async throws {
    let bench = try PluginBench()
    let directory = try bench.scratch.makeDirectory("in")
    try await bench.with(
      "answer(read(), [os.getcwd()] + sys.argv[1:])\nread()",
      {
        $0.directory = directory
        $0.command += ["$HOME; ls", ""]
      }
    ) { plugin in
      #expect(await outcome(plugin).text == #"["\#(directory)", "$HOME; ls", ""]"#)
    }
  }

  @Test @EventLoop func `a plugin that was killed is started again`() async throws {
    let bench = try PluginBench()
    try await bench.with(Self.echo) { plugin in
      let first = try processID(await outcome(plugin))
      kill(first, SIGKILL)
      try await eventually("a restart") { plugin.restarts == 1 && plugin.stateName == "running" }
      #expect(try processID(await outcome(plugin)) != first)
      #expect(plugin.lastError == "was ended by signal 9")
      #expect(
        bench.events.contains(
          .restarting(reason: "was ended by signal 9", after: .milliseconds(100))))
    }
  }

  @Test @EventLoop func `a plugin ends with its guard and is started again`() async throws {
    try await PluginBench().with(Self.echo) { plugin in
      let first = try processID(await outcome(plugin))
      let fields = try TextFile.text("/proc/\(first)/stat").split(separator: " ")
      kill(try #require(Int32(fields[3])), SIGKILL)
      try await eventually("a restart") { plugin.restarts == 1 && plugin.stateName == "running" }
      // Whoever adopted it may be slow to reap it.
      try await eventually("the end") {
        guard PluginBench.isAlive(first) else { return true }
        return try TextFile.text("/proc/\(first)/status").contains("State:\tZ")
      }
    }
  }

  @Test @EventLoop func `a plugin that ends too often has failed, and says why`() async throws {
    let bench = try PluginBench()
    try await bench.with("sys.exit(7)", { $0.maximumRestarts = 2 }) { plugin in
      plugin.start()
      try await eventually("the failure") { plugin.stateName == "failed" }
      #expect(plugin.restarts == 2)
      #expect(plugin.processID == nil)
      #expect(bench.events.last == .failed(reason: "exited with status 7"))
      let result = await outcome(plugin)
      #expect(result.code == .unavailable)
      #expect(result.text.contains("exited with status 7"))
    }
  }

  @Test @EventLoop func `a plugin that leaves three calls unanswered is started again`()
    async throws
  {
    try await PluginBench().with("answer(read(), 0)\nwhile True: read()") { plugin in
      _ = await outcome(plugin)
      for _ in 0..<3 { #expect(await outcome(plugin, limit: .milliseconds(20)).code == .timedOut) }
      try await eventually("a restart") { plugin.restarts == 1 }
      #expect(plugin.lastError == "did not answer 3 calls in a row")
    }
  }

  @Test @EventLoop func `a program that others may write is not run`() async throws {
    let bench = try PluginBench()
    let configuration = try bench.configuration(Self.echo)
    _ = unsafe chmod(configuration.command[0], 0o722)
    let plugin = Plugin(configuration, launcher: bench.launcher) { _, _ in }
    let result = await outcome(plugin)
    #expect(result.code == .refused)
    #expect(result.text.contains("may be written by others (mode 722)"))
    #expect(plugin.stateName == "failed")
  }

  @Test @EventLoop func `a program that can't run is told apart from one that ends`() async throws {
    let bench = try PluginBench()
    var configuration = PluginConfiguration(name: "p")
    configuration.command = [try bench.scratch.write("p", "#!/nonexistent/sh\n", mode: 0o700)]
    configuration.maximumRestarts = 0
    let plugin = Plugin(configuration, launcher: bench.launcher) { _, _ in }
    let result = await outcome(plugin)
    #expect(result.text.contains("its program does not run: No such file or directory"))
    configuration.command = ["/bin/cat"]
    configuration.directory = "/nonexistent"
    let other = Plugin(configuration, launcher: bench.launcher) { _, _ in }
    #expect(await outcome(other).text.contains("no way into its directory: No such file"))
    await plugin.close()
    await other.close()
  }

  @Test @EventLoop func `a plugin without work is stopped and starts again when it is needed`()
    async throws
  {
    try await PluginBench().with(Self.echo, { $0.idleStop = .milliseconds(50) }) { plugin in
      let first = try processID(await outcome(plugin))
      try await eventually("the rest") { plugin.stateName == "stopped" }
      #expect(!PluginBench.isAlive(first))
      #expect(try processID(await outcome(plugin)) != first)
      #expect(plugin.restarts == 0)
      #expect(plugin.lastError == nil)
    }
  }

  @Test @EventLoop func `what a plugin left behind ends with it`() async throws {
    let script = """
      m = read()
      if os.fork() == 0:
          os.setsid()
          if os.fork() == 0:
              answer(m, os.getpid())
              os.close(0); os.close(1); os.close(2)
              while True: time.sleep(60)
          os._exit(0)
      read()
      """
    var left: Int32 = 0
    try await PluginBench().with(script) { plugin in
      left = try processID(await outcome(plugin))
      #expect(PluginBench.isAlive(left))
    }
    #expect(!PluginBench.isAlive(left))
  }

  @Test @EventLoop func `a plugin that ignores SIGTERM and the end of its input is killed`()
    async throws
  {
    var id: Int32 = 0
    try await PluginBench().with(
      """
      signal.signal(signal.SIGTERM, signal.SIG_IGN)
      answer(read(), os.getpid())
      while True: time.sleep(60)
      """
    ) { plugin in
      id = try processID(await outcome(plugin))
    }
    #expect(!PluginBench.isAlive(id))
  }

  @Test @EventLoop func `a plugin may finish its work at the end of its input`() async throws {
    let bench = try PluginBench()
    let done = "\(bench.scratch.path)/done"
    try await bench.with(
      "answer(read(), 1)\nsys.stdin.read()\nopen('\(done)', 'w').write('yes')"
    ) { plugin in
      _ = await outcome(plugin)
    }
    #expect(try TextFile.text(done) == "yes")
  }

  // MARK: The handshake

  @Test @EventLoop func `calls wait for the handshake of each start`() async throws {
    let script = "m = read(); answer(m, m['method'])\nm = read(); answer(m, m['method'])\nread()"
    var hands: [String] = []
    let peer = TestPeer { plugin throws(PluginError) in
      hands.append(
        try await plugin.call("initialize", .emptyObject, limit: generous, onAbandoned: nil).text)
    }
    try await PluginBench().with(script, peer: peer) { plugin in
      #expect(await outcome(plugin, "tools/list").text == "\"tools/list\"")
      #expect(hands == ["\"initialize\""])
      kill(try #require(plugin.processID), SIGKILL)
      try await eventually("a restart") { plugin.restarts == 1 }
      #expect(await outcome(plugin, "tools/list").text == "\"tools/list\"")
      #expect(hands.count == 2)
    }
  }

  /// - Parameter pause: before the handshake; the second one is longer than the start may take.
  @Test(arguments: [.milliseconds(1), generous]) @EventLoop
  func `a start has a deadline`(_ pause: Duration) async throws {
    let peer = TestPeer { plugin throws(PluginError) in
      await EventLoop.sleep(for: pause)
      _ = try await plugin.call("initialize", .emptyObject, limit: generous, onAbandoned: nil)
    }
    try await PluginBench().with(
      "while True: read()",
      {
        $0.startTimeout = .milliseconds(100)
        $0.maximumRestarts = 0
      }, peer: peer
    ) { plugin in
      let result = await outcome(plugin)
      #expect(result.code == .died)
      #expect(result.text.hasSuffix("did not start within 100ms"))
      try await eventually("the failure") { plugin.stateName == "failed" }
    }
  }

  @Test @EventLoop func `a plugin that starts slowly delays no other`() async throws {
    let bench = try PluginBench()
    let slow = Plugin(try bench.configuration(Self.echo, name: "slow"), launcher: bench.launcher) {
      _, _ in
    }
    let peer = TestPeer { _ throws(PluginError) in
      await EventLoop.sleep(for: generous)
      throw PluginError(.unavailable, "is slow", plugin: "slow")
    }
    peer.talk(with: slow)
    slow.start()
    try await bench.with(Self.echo) { plugin in
      #expect(await outcome(plugin).code == nil)
      #expect(slow.stateName == "starting")
    }
    await slow.close()
    withExtendedLifetime(peer) {}
  }

  // MARK: Calls between two processes

  /// A program whose first process does one thing, and whose others answer.
  private func onlyFirst(_ bench: PluginBench, _ act: String) -> String {
    let mark = "\(bench.scratch.path)/mark"
    return """
      if not os.path.exists("\(mark)"):
          open("\(mark)", "w").close()
          \(act)
      while True:
          m = read(); answer(m, len(m['params'].get('x', '')))
      """
  }

  @Test @EventLoop
  func `a call made while a process is ended for its breach waits for the next one`()
    async throws
  {
    let bench = try PluginBench()
    try await bench.with(
      onlyFirst(bench, "read()\n    while True: print('{\"method\":\"m\"}')")
    ) { plugin in
      let first = await outcome(plugin)
      #expect(first.code == .protocolViolation)
      #expect(plugin.restarts == 0)
      #expect(await outcome(plugin).text == "0")
      #expect(plugin.restarts == 1)
    }
  }

  @Test @EventLoop func `what a process that ends did not read is asked of the next one`()
    async throws
  {
    let bench = try PluginBench()
    try await bench.with(onlyFirst(bench, "while True: time.sleep(60)")) { plugin in
      plugin.start()
      try await eventually("the start") { plugin.stateName == "running" }
      let large = RawJSON.object { $0.member("x", String(repeating: "x", count: 1 << 20)) }
      async let first = outcome(plugin, "m", large)
      async let second = outcome(plugin, "m", .object { $0.member("x", "yz") })
      await EventLoop.sleep(for: .milliseconds(20))
      kill(try #require(plugin.processID), SIGKILL)
      #expect(await first.text == "\(1 << 20)")
      #expect(await second.text == "2")
    }
  }

  @Test @EventLoop func `a call that waits for the next process ends with its failure`()
    async throws
  {
    try await PluginBench().with(
      "read()\nwhile True: print('{\"method\":\"m\"}')", { $0.maximumRestarts = 0 }
    ) { plugin in
      #expect(await outcome(plugin).code == .protocolViolation)
      let second = await outcome(plugin)
      #expect(second.code == .unavailable)
      #expect(second.text.contains("has failed: floods its standard output"))
    }
  }

  // MARK: A slow start

  @Test @EventLoop func `a slow start costs the first call nothing`() async throws {
    try await PluginBench().with("time.sleep(0.3)\nanswer(read(), 1)\nwhile True: read()") {
      plugin in
      #expect(await outcome(plugin, limit: .milliseconds(20)).text == "1")
      let second = await outcome(plugin, limit: .milliseconds(20))
      #expect(second.text.hasSuffix("did not answer within 20ms"))
    }
  }

  @Test @EventLoop func `a start without a first answer ends with its own limit`() async throws {
    try await PluginBench().with("while True: read()", { $0.startTimeout = .seconds(1) }) {
      plugin in
      let result = await outcome(plugin, limit: .milliseconds(20))
      #expect(result.code == .timedOut)
      #expect(result.text.hasSuffix("gave no answer within 1s of its start"))
    }
  }
}
