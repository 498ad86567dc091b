import Configuration
import Glibc
import Testing

/// Sockets for programs that are not trusted.
@Suite struct ConfigurationSocketTests {
  private let scratch: ConfigurationScratch

  init() throws { scratch = try ConfigurationScratch() }

  private func errors(_ lines: String) throws -> [String] {
    try scratch.errors("[sockets.box]\n\(lines)")
  }

  @Test func `a socket allows what stands in its table, and is private unless it says so`() throws {
    let configuration = try scratch.load(
      """
      [sockets.box]
      path = "/run/box.sock"
      [sockets.all]
      path = "/run/all.sock"
      protocol = "http"
      mode = "0660"
      budget_usd = 2.5
      models = ["gpt*"]
      tools = ["git.*"]
      """)
    let (box, all) = (configuration.sockets[0], configuration.sockets[1])
    #expect(box == SocketConfiguration(name: "box", path: "/run/box.sock"))
    #expect(box.mode == 0o600 && box.proto == .rpc && box.models == nil && box.tools.isEmpty)
    #expect(all.mode == 0o660 && all.proto == .http && all.models == [Glob("gpt*")])
    #expect(all.budget == NanoDollars(2_500_000_000) && all.tools == [Glob("git.*")])
  }

  @Test(arguments: [
    ("", "path"), (#"path = "box.sock""#, "path"), (#"path = "/run/""#, "path"),
    ("path = \"/\(String(repeating: "x", count: 107))\"", "path"),
    (#"mode = "0777""#, "mode"), (#"mode = "0400""#, "mode"), (#"mode = "666""#, ""),
    (#"mode = "rw""#, "mode"), (#"mode = "08""#, "mode"), ("mode = 660", "mode"),
    (#"protocol = "tcp""#, "protocol"), ("budget_usd = -1", "budget_usd"),
    (#"models = "m""#, "models"), (#"prices = {}"#, "prices"),
  ])
  func `what is none of its settings is refused by its key`(line: String, key: String) throws {
    let path = line.isEmpty || line.hasPrefix("path") ? "" : "path = \"/run/box.sock\"\n"
    let errors = try errors(path + line)
    #expect(errors.count == (key.isEmpty ? 0 : 1), "\(errors)")
    if !key.isEmpty { #expect(errors.first?.contains("sockets.box.\(key)") == true, "\(errors)") }
  }

  @Test func `two sockets are at two places, and none is where the daemon listens`() throws {
    let own = try scratch.load("").paths.socket.path
    let taken = try scratch.errors(
      """
      [sockets.a]
      path = "/run/a.sock"
      [sockets.b]
      path = "/run/a.sock"
      [sockets.c]
      path = "\(own)"
      """)
    #expect(taken.count == 2)
    #expect(taken.allSatisfy { $0.contains("where another socket is") }, "\(taken)")
  }

  @Test(arguments: [
    "//box.sock", "/./box.sock", "/../PLACE/box.sock", "/link/box.sock", "/box-link.sock",
  ])
  func `an upstream that is a socket of the daemon is refused, whatever it is spelled like`(
    spelling: String
  ) throws {
    let place = scratch.path
    try #require(unsafe symlink(place, "\(place)/link") == 0)
    try #require(unsafe symlink("\(place)/box.sock", "\(place)/box-link.sock") == 0)
    try scratch.write("box.sock", "")
    let name = String(place.split(separator: "/").last ?? "")
    let url = "unix:" + place + spelling.replacing("PLACE", with: name)
    let table = "[sockets.box]\npath = \"\(place)/box.sock\"\nprotocol = \"http\"\n"
    let upstream = "[upstreams.self]\nbase_url = \"\(url)\"\napi_key = { none = true }\n"
    let errors = try scratch.errors(table + upstream)
    #expect(errors.count == 1)
    #expect(errors.first?.contains("[sockets.box]") == true, "\(errors)")
  }

  @Test func `a path is followed as far as it is there`() {
    #expect(SocketPath.areSame("/none/there/./a.sock", "/none//there/x/../a.sock"))
    #expect(!SocketPath.areSame("/none/there/a.sock", "/none/there/b.sock"))
    #expect(SocketPath.areSame("/tmp/../tmp/none.sock", "/tmp/none.sock"))
  }
}
