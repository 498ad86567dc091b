import Glibc
import JSON
import TestSupport
import Testing

/// The real `halley` against the real daemon; its own suite plays the daemon.
@Suite struct CommandLineTests {
  private let simulator: Simulator
  private let daemon: DaemonProcess

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(simulator)
  }

  private func halley(_ arguments: String..., input: String? = nil) throws -> ChildProcess.Ended {
    try run(
      [try Binaries.path(of: "halley")] + arguments, input: input,
      environment: ["HALLEY_SOCKET": daemon.socketPath])
  }

  @Test func `a prompt is answered on stdout`() throws {
    let end = try halley("ask", "Hello", "--param", #"metadata={"text":"Good evening."}"#)
    #expect(end.status == 0, "\(end.error)")
    #expect(end.output == "Good evening.\n")
    #expect(end.error.isEmpty)
  }

  @Test func `stdin comes before the prompt`() throws {
    let end = try halley("What is this?", input: "some text")
    #expect(end.status == 0, "\(end.error)")
    #expect(try simulator.bodies().last?.text.contains(#"some text\n\nWhat is this?"#) == true)
  }

  @Test func `rpc prints the result`() throws {
    let end = try halley("rpc", "daemon.ping")
    #expect(end.status == 0)
    #expect(end.output == "{}\n")
  }

  @Test func `models and status are shown`() throws {
    let models = try halley("models")
    #expect(models.status == 0)
    #expect(models.output.contains("gpt-5.4-mini"))
    let status = try halley("status")
    #expect(status.status == 0)
    #expect(status.output.contains("simulator"))
  }

  @Test func `an interrupt cancels upstream and exits 130`() throws {
    let process = try ChildProcess(
      [
        try Binaries.path(of: "halley"), "ask", "Hello", "--param",
        #"metadata={"endless":"deltas","event_delay_ms":"5"}"#,
      ], environment: ["HALLEY_SOCKET": daemon.socketPath])
    try Wait.until("some text") { !process.outputText.isEmpty }
    process.signal(SIGINT)
    #expect(try process.wait().status == 130)
    try Wait.until("the upstream's connection to close") {
      try simulator.count("cancelled_streams") == 1
    }
  }

  @Test(arguments: [("401", 77), ("400", 1), ("503", 75)] as [(String, Int32)])
  func `an error of the upstream has its exit status`(_ status: String, _ exit: Int32) throws {
    let end = try halley(
      "ask", "Hello", "--param", #"metadata={"status":"\#(status)","retry_after_ms":"1"}"#)
    #expect(end.status == exit, "\(end.error)")
    #expect(end.output.isEmpty)
    #expect(!end.error.isEmpty)
  }
}
