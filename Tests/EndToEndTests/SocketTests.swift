import Glibc
import JSON
import TestSupport
import Testing

@Suite struct SocketTests {
  private let simulator: Simulator
  private let scratch: Scratch

  init() throws {
    simulator = try Simulator()
    scratch = try Scratch()
  }

  private func start() throws -> DaemonProcess { try DaemonProcess(simulator, scratch: scratch) }

  /// Starts a daemon that must not come up and returns what it said.
  private func refusal() throws -> String {
    let daemon = try DaemonProcess(
      starting: DaemonProcess.configuration(simulator), scratch: scratch)
    let end = try daemon.wait()
    #expect(end.status == 1)
    return end.error
  }

  private var path: String { "\(scratch.path)/s/halley.sock" }

  @Test func `socket and directory belong to their user alone`() throws {
    let daemon = try start()
    #expect(TextFile.mode(of: path) == S_IFSOCK | 0o600)
    #expect(TextFile.mode(of: "\(scratch.path)/s") == S_IFDIR | 0o700)
    #expect(daemon.isRunning)
  }

  @Test func `what the daemon writes belongs to its user alone`() throws {
    let daemon = try start()
    #expect(try daemon.connect().create(1).status == "completed")
    #expect(TextFile.mode(of: "\(scratch.path)/state") == S_IFDIR | 0o700)
    let open = try run(["find", "\(scratch.path)/state", "-perm", "/077"])
    #expect(open.status == 0)
    #expect(open.output.isEmpty)
  }

  @Test func `the socket is gone with its daemon`() throws {
    let daemon = try start()
    #expect(try daemon.stop().status == 0)
    #expect(TextFile.mode(of: path) == nil)
  }

  @Test func `a socket that a crash left is replaced`() throws {
    let crashed = try start()
    try crashed.kill()
    #expect(TextFile.mode(of: path) != nil)
    #expect(try start().connect().call(1, "daemon.ping").error == nil)
  }

  @Test func `a second daemon is refused and leaves the first alone`() throws {
    let first = try start()
    let said = try refusal()
    #expect(said.contains("another halleyd is running"))
    #expect(said.contains(path))
    #expect(try first.connect().call(1, "daemon.ping").result?.text == "{}")
  }

  @Test func `a socket where somebody else answers is refused`() throws {
    _ = try scratch.makeDirectory("s")
    let other = try ChildProcess(["socat", "UNIX-LISTEN:\(path),fork", "SYSTEM:cat"])
    try Wait.until("the other's socket") { TextFile.mode(of: path) != nil }
    #expect(try refusal().contains("answers there"))
    #expect(other.isRunning)
    #expect(TextFile.mode(of: path) != nil)
  }

  @Test func `a file at the socket's path is refused and kept`() throws {
    _ = try scratch.makeDirectory("s")
    try scratch.write("s/halley.sock", "precious")
    #expect(try refusal().contains("no socket"))
    #expect(try TextFile.text(path) == "precious")
  }

  @Test func `a link at the socket's path is refused and kept`() throws {
    _ = try scratch.makeDirectory("s")
    let target = try scratch.write("target", "precious")
    #expect(unsafe symlink(target, path) == 0)
    #expect(try refusal().contains("no socket"))
    #expect(try TextFile.text(target) == "precious")
  }

  @Test(arguments: [0o777, 0o770, 0o702] as [UInt32])
  func `a directory that others may write to is refused`(_ mode: UInt32) throws {
    let directory = try scratch.makeDirectory("s", mode: mode)
    let said = try refusal()
    #expect(said.contains(directory))
    #expect(said.contains("others may write"))
    #expect(TextFile.mode(of: path) == nil)
  }

  @Test func `a path that is too long for a socket is said to be so`() throws {
    let long = "\(scratch.path)/\(String(repeating: "x", count: 120)).sock"
    let configuration = try scratch.write(
      "config.toml", DaemonProcess.configuration(simulator))
    let end = try run([
      try Binaries.path(of: "halleyd"), "--config", configuration, "--state",
      "\(scratch.path)/state", "--socket", long,
    ])
    #expect(end.status != 0)
    #expect(end.error.contains(long))
  }
}
