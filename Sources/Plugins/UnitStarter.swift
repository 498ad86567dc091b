internal import Configuration
internal import CSpawn
internal import EventLoop
internal import Glibc

/// Starts guards as services of the user's own manager, which outlive no guard and take nothing of
/// the daemon's sandbox.
@EventLoop
final class UnitStarter: PluginStarter {
  /// For the guard's own grace and what the kernel needs.
  private static let stopTime: Duration = .seconds(5)

  let hasJournal = true
  /// The daemon's own unit.
  private let service: String
  private let program: String
  private var hidden: [String] = []
  private var starts = 0
  /// Whether a service of the user may have namespaces; nil until it was tried.
  private var hasNamespaces: Bool?
  private let trial = SharedWork<Bool>()

  /// Returns nil where the daemon is no service of the user.
  init?() {
    guard let service = UserManager.ownService, let program = Self.ownProgram else { return nil }
    self.service = service
    self.program = program
  }

  /// The path of what runs, or of what an update has put into its place.
  private static var ownProgram: String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe buffer.withUnsafeMutableBytes { bytes in
      unsafe bytes.baseAddress.map { unsafe readlink("/proc/self/exe", $0, bytes.count) } ?? -1
    }
    guard count > 0 else { return nil }
    let path = String(decoding: buffer[..<count], as: UTF8.self)
    let deleted = " (deleted)"
    return path.hasSuffix(deleted) ? String(path.dropLast(deleted.count)) : path
  }

  func hide(_ paths: [String]) { hidden = paths }

  func start(
    _ channel: PipeEnd, for plugin: PluginConfiguration, onAnswer: @escaping (String?) -> Void
  ) throws(LoopError) {
    starts += 1
    let unit = "halley-plugin-\(plugin.name)@\(getpid())-\(starts).service"
    let properties =
      service(for: plugin, channel) + confinement(of: plugin) + namespaces(of: plugin)
    try UserManager.start(unit, properties) { refusal in
      onAnswer(refusal.map { "there is no \(unit): \($0)" })
    }
  }

  private typealias Properties = [(name: String, value: BusValue)]

  private func service(for plugin: PluginConfiguration, _ channel: PipeEnd) -> Properties {
    [
      ("Description", .string("Halley plugin \(plugin.name)")),
      ("ExecStartEx", .command(program: program, arguments: [PluginGuard.name, plugin.name])),
      ("Type", .string("exec")),
      ("CollectMode", .string("inactive-or-failed")),
      ("Slice", .string("app.slice")),
      // Ended after the daemon, which may need it until then, when everything ends. The daemon's own
      // end ends it by the channel.
      ("Before", .strings([service])),
      ("KillMode", .string("mixed")),
      ("TimeoutStopUSec", .number(Self.stopTime.wholeMicroseconds)),
      ("StandardInputFileDescriptor", .descriptor(channel.descriptor)),
      ("StandardOutput", .string("null")),
      ("StandardError", .string("journal")),
      ("SyslogIdentifier", .string("halley-plugin-\(plugin.name)")),
    ]
  }

  /// What needs no namespace.
  private func confinement(of plugin: PluginConfiguration) -> Properties {
    var properties: Properties = []
    if let bytes = plugin.memoryMaximum { properties.append(("MemoryMax", .number(UInt64(bytes)))) }
    if plugin.sandbox != .none { properties.append(("NoNewPrivileges", .boolean(true))) }
    if plugin.sandbox == .strict {
      properties += [
        ("RestrictNamespaces", .number(0)), ("RestrictSUIDSGID", .boolean(true)),
        ("RestrictRealtime", .boolean(true)), ("LockPersonality", .boolean(true)),
        ("SystemCallArchitectures", .strings(["native"])),
        ("SystemCallFilter", .onlyAllowed(["@system-service"])),
        ("SystemCallErrorNumber", .errno(EPERM)),
      ]
    }
    if !plugin.hasNetwork, hasNamespaces != true {
      properties.append(("RestrictAddressFamilies", .onlyAllowed(["AF_UNIX", "AF_NETLINK"])))
    }
    return properties
  }

  /// A user has them only with a user namespace, in which everybody else is nobody.
  private func namespaces(of plugin: PluginConfiguration) -> Properties {
    guard hasNamespaces != false, needsNamespaces(plugin) else { return [] }
    var properties: Properties = [
      ("PrivateUsers", .boolean(true)), ("PrivateNetwork", .boolean(!plugin.hasNetwork)),
    ]
    if plugin.sandbox != .none {
      properties.append(("InaccessiblePaths", .strings(hidden(from: plugin).map { "-\($0)" })))
    }
    if let paths = plugin.writablePaths ?? (plugin.sandbox == .strict ? [] : nil) {
      properties += [
        ("ProtectSystem", .string("strict")), ("ProtectHome", .string("read-only")),
        ("ReadWritePaths", .strings(paths)),
      ]
    }
    if plugin.sandbox == .strict { properties.append(("PrivateTmp", .boolean(true))) }
    return properties
  }

  /// A strict one does not reach the user's bus either, where others would do things for it.
  private func hidden(from plugin: PluginConfiguration) -> [String] {
    hidden + (plugin.sandbox == .strict ? ["/run/user/\(geteuid())"] : [])
  }

  private func needsNamespaces(_ plugin: PluginConfiguration) -> Bool {
    plugin.sandbox != .none || !plugin.hasNetwork || plugin.writablePaths != nil
  }

  // MARK: What the machine has

  func shortcoming(for plugin: PluginConfiguration) async -> String? {
    guard needsNamespaces(plugin) else { return nil }
    if hasNamespaces == nil {
      hasNamespaces = await trial.value { [self] in await tryNamespaces() }
    }
    guard hasNamespaces == false else { return nil }
    let lost =
      [
        plugin.sandbox == .none ? nil : "what keeps it from the daemon's state and keys",
        plugin.sandbox == .strict || plugin.writablePaths != nil ? "write" : nil,
      ].compactMap { $0 }
    return lost.isEmpty
      ? nil : "runs without \(lost.joined(separator: " and ")): users may have no namespaces here"
  }

  /// A service manager may pass over a namespace that it can't have, so that only being in one tells.
  private func tryNamespaces() async -> Bool {
    do throws(LoopError) {
      let child = try GuardedChild(nil, PluginConfiguration(name: "trial"), by: self)
      guard await child.started() == nil, let theirs = child.processID else { return false }
      var ours = stat()
      return unsafe stat("/proc/self/ns/mnt", &ours) == 0
        && UInt32(bitPattern: theirs) != UInt32(truncatingIfNeeded: ours.st_ino)
    } catch {
      return false
    }
  }
}
