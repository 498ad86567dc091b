import Client
import Testing

struct SocketLocationTests {
  private func paths(_ option: String?, _ environment: [String: String]) -> [String] {
    SocketLocation(option: option, environment: { environment[$0] }, uid: 1000).paths
  }

  @Test func `what is named is the only one`() {
    #expect(paths("/a", ["HALLEY_SOCKET": "/b", "XDG_RUNTIME_DIR": "/c"]) == ["/a"])
    #expect(paths(nil, ["HALLEY_SOCKET": "/b", "XDG_RUNTIME_DIR": "/c"]) == ["/b"])
  }

  @Test func `else the user's come before the system's`() {
    #expect(
      paths(nil, ["XDG_RUNTIME_DIR": "/c"]) == [
        "/c/halley/halley.sock", "/run/user/1000/halley/halley.sock", "/run/halley/halley.sock",
      ])
    #expect(
      paths(nil, ["XDG_RUNTIME_DIR": "/run/user/1000"]) == [
        "/run/user/1000/halley/halley.sock", "/run/halley/halley.sock",
      ])
  }
}
