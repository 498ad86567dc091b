import Configuration
import Glibc
import Testing

@Suite struct ConfigurationPathTests {
  private func paths(
    _ mode: ServiceMode, _ environment: [String: String],
    _ overrides: ConfigurationOverrides = .init()
  ) -> ConfigurationPaths {
    ConfigurationPaths(
      mode: mode, environment: environment, overrides: overrides, homeDirectory: "/home/u")
  }

  @Test func `a user's files lie where XDG says`() {
    let paths = paths(
      .user,
      ["XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": "/r", "HOME": "/h"])
    #expect(paths.configFile == "/c/halley/config.toml")
    #expect(paths.dropInDirectory == "/c/halley/conf.d")
    #expect(paths.keysDirectory == "/c/halley/keys")
    #expect(paths.database == "/s/halley/halley.db")
    #expect(paths.socket.path == "/r/halley/halley.sock")
  }

  @Test(arguments: [
    ["HOME": "/h"], ["HOME": "/h", "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": "relative"],
  ])
  func `without XDG a user's files lie at home`(environment: [String: String]) {
    let paths = paths(.user, environment)
    #expect(paths.configFile == "/h/.config/halley/config.toml")
    #expect(paths.database == "/h/.local/state/halley/halley.db")
    #expect(paths.socket.path == "/run/user/\(geteuid())/halley/halley.sock")
  }

  @Test func `without HOME the user database knows the home`() {
    #expect(paths(.user, [:]).configFile == "/home/u/.config/halley/config.toml")
  }

  @Test func `the system's files lie under etc, var and run`() {
    let paths = paths(.system, ["XDG_CONFIG_HOME": "/c", "HOME": "/root"])
    #expect(paths.configFile == "/etc/halley/config.toml")
    #expect(paths.database == "/var/lib/halley/halley.db")
    #expect(paths.socket.path == "/run/halley/halley.sock")
  }

  @Test func `systemd's directories win in system mode`() {
    let environment = [
      "CONFIGURATION_DIRECTORY": "/etc/other", "STATE_DIRECTORY": "/var/lib/x:/var/lib/y",
      "RUNTIME_DIRECTORY": "/run/x", "CREDENTIALS_DIRECTORY": "/run/credentials/x",
    ]
    let paths = paths(.system, environment)
    #expect(paths.configFile == "/etc/other/config.toml")
    #expect(paths.database == "/var/lib/x/halley.db")
    #expect(paths.socket.path == "/run/x/halley.sock")
    #expect(paths.credentialsDirectory == "/run/credentials/x")
  }

  @Test func `flags win over everything`() {
    for mode in [ServiceMode.user, .system] {
      let paths = paths(
        mode, ["HALLEY_SOCKET": "/env.sock", "STATE_DIRECTORY": "/var/lib/x"],
        ConfigurationOverrides(configFile: "dir/my.toml", stateDirectory: "/st", socket: "/so"))
      #expect(paths.configFile == "dir/my.toml")
      #expect(paths.keysDirectory == "dir/keys")
      #expect(paths.database == "/st/halley.db")
      #expect(paths.socket.path == "/so")
    }
  }

  @Test func `HALLEY_SOCKET names the socket`() {
    #expect(paths(.user, ["HALLEY_SOCKET": "/x.sock"]).socket.path == "/x.sock")
    #expect(paths(.system, ["HALLEY_SOCKET": ""]).socket.path == "/run/halley/halley.sock")
  }

  @Test func `a file without a directory lies in the current one`() {
    let paths = paths(.user, [:], ConfigurationOverrides(configFile: "my.toml"))
    #expect(paths.keysDirectory == "./keys")
  }

  @Test func `a system unit's environment tells its mode`() {
    #expect(ServiceMode.detect(environment: [:]) == .user)
    #expect(ServiceMode.detect(environment: ["STATE_DIRECTORY": "/var/lib/halley"]) == .system)
    #expect(ServiceMode.detect(environment: ["CONFIGURATION_DIRECTORY": "/etc/halley"]) == .system)
    #expect(ServiceMode.detect(environment: ["STATE_DIRECTORY": "/home/u/.local/state/x"]) == .user)
  }
}
