import Testing
import TestSupport

/// The units as shipped, each test in a systemd of its own that is booted for it.
@Suite(.serialized, .enabled(if: SystemdBox.reasonToSkip == nil, SystemdBox.comment))
struct SystemdTests {
  @Test func `the system socket alone starts the service, which answers and keeps users apart`()
    throws
  {
    try SystemdBox.run("activation")
  }

  @Test func `the sandbox of the system unit is in force`() throws {
    try SystemdBox.run("hardening")
  }

  @Test func `a reload takes a good configuration and leaves out a bad one`() throws {
    try SystemdBox.run("reload")
  }

  @Test func `a key from LoadCredential reaches the upstream and shows up nowhere else`() throws {
    try SystemdBox.run("credential")
  }

  @Test func `answers outlive a stop of the service, and its socket outlives a crash`() throws {
    try SystemdBox.run("lifecycle")
  }

  @Test func `a daemon that hangs is killed by the watchdog and started again`() throws {
    try SystemdBox.run("watchdog")
  }

  @Test func `with a bad configuration the service comes up and says what is wrong`() throws {
    try SystemdBox.run("bad-configuration")
  }

  @Test func `the journal tells what each response used and cost, and no prompt`() throws {
    try SystemdBox.run("journal")
  }

  @Test func `a journal that does not read holds up no answer`() throws {
    try SystemdBox.run("journald-stopped")
  }

  @Test func `the user service answers its user from paths below the home directory`() throws {
    try SystemdBox.run("user", users: ["alice"])
  }

  @Test func `the system's configuration is for its group, and breaks no user's own service`()
    throws
  {
    try SystemdBox.run("shared-configuration", users: ["alice"])
  }

  @Test func `what is wrong at a start is told to whoever asks, and the service runs`() throws {
    try SystemdBox.run("start-failures", users: ["alice"])
  }

  @Test func `a service with few descriptors refuses clients and nothing else`() throws {
    try SystemdBox.run("descriptors")
  }

  @Test func `plugins that people run answer under both units and end with their daemon`() throws {
    try SystemdBox.run("plugins", users: ["alice"])
  }

  @Test func `sockets for HTTP start the service, and need no configuration`() throws {
    try SystemdBox.run("http", users: ["alice"])
  }

  @Test func `where a session's bus has no manager, plugins are children`() throws {
    try SystemdBox.run("own-bus", users: ["alice"])
  }

  @Test func `plugins have the rights of their user and of their drop-ins, and no third user's`()
    throws
  {
    try SystemdBox.run("plugin-rights", users: ["alice"])
  }
}
