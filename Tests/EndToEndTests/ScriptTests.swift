import Glibc
import TestSupport
import Testing

/// Runs the tests of `Scripts`: those of shells, editors and plugins, in the language that they are
/// written in.
///
/// Each gets a simulator and a daemon of its own and prints TAP (Test Anything Protocol); 77 says
/// that the tool it tests can't be had here.
@Suite struct ScriptTests {
  private static let directory =
    String(#filePath.dropLast("ScriptTests.swift".utf8.count)) + "Scripts"

  private static let root =
    "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  private static let names: [String] = {
    do {
      let listing = try run(["find", directory, "-maxdepth", "1", "-type", "f", "-printf", "%f\n"])
      return listing.output.split(separator: "\n").map(String.init).sorted()
    } catch {
      return ["\(error)"]
    }
  }()

  /// Scripts start editors and shells; more of them at once than there are cores only wait for one
  /// another.
  private static let patience: Duration = .seconds(300)

  @Test(arguments: names)
  func `what people touch does what it says`(_ name: String) throws {
    let simulator = try Simulator()
    let daemon = try DaemonProcess(
      """
      default_upstream = "sim"
      default_model = "gpt-5.4"
      [cache]
      enabled = false
      [upstreams.sim]
      base_url = "\(simulator.baseURL)"
      models = ["*"]
      """)
    let scratch = try Scratch()
    let home = try scratch.makeDirectory("home")
    let temporary = try scratch.makeDirectory("tmp")
    let process = try ChildProcess(
      ["\(Self.directory)/\(name)"],
      environment: [
        "HALLEY": try Binaries.path(of: "halley"), "HALLEYD": try Binaries.path(of: "halleyd"),
        "HALLEY_SIMULATOR": try Binaries.path(of: "halley-simulator"),
        "HALLEY_SOCKET": daemon.socketPath, "HALLEY_DAEMON_PID": "\(daemon.identifier)",
        "HALLEY_ROOT": Self.root, "TMPDIR": temporary, "HOME": home, "LANG": "C.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "XDG_RUNTIME_DIR": try scratch.makeDirectory("run"), "XDG_CONFIG_HOME": "\(home)/.config",
        "XDG_STATE_HOME": "\(home)/.local/state", "XDG_DATA_HOME": "\(home)/.local/share",
        "XDG_CACHE_HOME": "\(home)/.cache",
      ])
    let end = try process.wait(limit: Self.patience)
    if end.status == 77 { return print("\(name) was left out: \(end.output)") }
    let failed = end.output.split(separator: "\n").filter { !$0.hasPrefix("ok ") }
    #expect(
      end.status == 0, "\(failed.joined(separator: "\n"))\n\(end.error)\n\(daemon.log)")
    #expect(end.output.contains("ok 1"))
  }
}
