import Glibc
import JSON
import Testing
import TestSupport

private let canActivate = Binaries.installed("systemd-socket-activate") != nil

@Suite(.enabled(if: canActivate, "systemd-socket-activate is not installed"))
struct SocketActivationTests {
  private let simulator: Simulator
  private let scratch: Scratch

  init() throws {
    simulator = try Simulator()
    scratch = try Scratch()
  }

  private var path: String { "\(scratch.path)/activated.sock" }

  private func activate(
    _ options: [String] = ["--fdname=halley"], configuration: String? = nil
  ) throws -> ChildProcess {
    let file = try scratch.write(
      "config.toml", configuration ?? DaemonProcess.configuration(simulator))
    let process = try ChildProcess(
      ["systemd-socket-activate", "-l", path] + options + [
        try Binaries.path(of: "halleyd"), "--config", file, "--state", "\(scratch.path)/state",
      ])
    // The file is there before anybody listens; proc(5) shows __SO_ACCEPTCON when somebody does.
    try Wait.until("systemd's socket") {
      try TextFile.text("/proc/net/unix").split(separator: "\n")
        .contains { $0.hasSuffix(" " + path) && $0.contains(" 00010000 ") }
    }
    return process
  }

  @Test func `the first client of an activated socket is served`() throws {
    let daemon = try activate()
    let client = try SocketClient(path)
    #expect(try client.create(1, ["text": "Activated."]).text == "Activated.")
    #expect(try SocketClient(path).call(1, "daemon.ping").error == nil)
    daemon.signal(SIGTERM)
    #expect(try daemon.wait().status == 0)
  }

  @Test func `a request that was sent before the daemon ran is answered`() throws {
    let daemon = try activate()
    let end = try run(
      ["nc", "-N", "-U", path], input: #"{"id":1,"method":"daemon.ping"}"# + "\n")
    #expect(end.output == #"{"jsonrpc":"2.0","id":1,"result":{}}"# + "\n")
    withExtendedLifetime(daemon) {}
  }

  @Test func `systemd's socket stays when the daemon ends`() throws {
    let daemon = try activate()
    _ = try SocketClient(path).call(1, "daemon.ping")
    daemon.signal(SIGTERM)
    #expect(try daemon.wait().status == 0)
    #expect(TextFile.mode(of: path) != nil)
  }

  @Test func `a socket without a name of its own is taken`() throws {
    let daemon = try activate([])
    #expect(try SocketClient(path).call(1, "daemon.ping").error == nil)
    withExtendedLifetime(daemon) {}
  }

  @Test func `a socket of another name is refused`() throws {
    let daemon = try activate(["--fdname=other"])
    let client = try SocketClient(path)
    let end = try daemon.wait()
    #expect(end.status == 78)
    #expect(end.error.contains(#"FileDescriptorName= of the passed sockets is "other", none is"#))
    client.close()
  }

  /// Starts the daemon by a first connection to a port of its own.
  private func activateByPort(
    _ options: [String]
  ) throws -> (daemon: ChildProcess, address: String, first: LoopbackConnection) {
    let port = try DeafPort(listens: false).port
    let address = "127.0.0.1:\(port)"
    let file = try scratch.write("config.toml", DaemonProcess.configuration(simulator))
    let daemon = try ChildProcess(
      ["systemd-socket-activate", "-l", address] + options + [
        try Binaries.path(of: "halleyd"), "--config", file, "--state", "\(scratch.path)/state",
        "--socket", "\(scratch.path)/own.sock",
      ])
    var first: LoopbackConnection?
    try Wait.until("systemd's socket") {
      do { first = try LoopbackConnection(address) } catch is SupportError { return false }
      return true
    }
    return (daemon, address, try #require(first))
  }

  @Test(arguments: [["--fdname=halley"], []])
  func `lines are spoken on sockets of Unix alone, where the kernel says who asks`(
    options: [String]
  ) throws {
    let (daemon, address, first) = try activateByPort(options)
    let end = try daemon.wait()
    #expect(end.status == 78)
    #expect(end.error.contains("at \(address): a listening stream socket of Unix"), "\(end.error)")
    withExtendedLifetime(first) {}
  }

  @Test func `where only a port is passed for HTTP, its Unix socket is made`() throws {
    let (daemon, address, first) = try activateByPort(["--fdname=http"])
    let answer = try first.exchange(
      "GET /healthz HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n")
    #expect(answer.hasPrefix("HTTP/1.1 200 "))
    let http = "\(scratch.path)/http.sock"
    #expect(try HTTPSocketClient(path: http).ask("GET", "/v1/models").status == 200)
    daemon.signal(SIGTERM)
    #expect(try daemon.wait().status == 0)
    #expect(TextFile.mode(of: http) == nil)
  }

  @Test func `an activated daemon says what is wrong with its configuration, and mends`() throws {
    let daemon = try activate(configuration: "default_modell = \"x\"\n")
    let client = try SocketClient(path)
    let answer = try client.create(1)
    #expect(answer.errorNumber == -32030)
    #expect(answer.error?["message"]?.string?.contains("config.toml:1:1") == true)
    #expect(answer.error?["message"]?.string?.contains("default_model") == true)
    try scratch.write("config.toml", DaemonProcess.configuration(simulator))
    #expect(try client.call(2, "daemon.reload").error == nil)
    #expect(try client.create(3).status == "completed")
    withExtendedLifetime(daemon) {}
  }
}
