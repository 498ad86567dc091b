internal import Glibc

/// Where a client looks for the daemon's socket (`halley-protocol(7)`, TRANSPORT).
package struct SocketLocation: Sendable, Equatable {
  /// The paths to try, in order. A path that was asked for by name is the only one: a prompt never
  /// goes to another daemon than the one that was named.
  package let paths: [String]

  package init(option: String?, environment: (String) -> String?, uid: UInt32) {
    if let path = option ?? environment("HALLEY_SOCKET") {
      paths = [path]
      return
    }
    var paths: [String] = []
    if let directory = environment("XDG_RUNTIME_DIR"), directory.hasPrefix("/") {
      paths.append(directory + "/halley/halley.sock")
    }
    let ofUser = "/run/user/\(uid)/halley/halley.sock"
    if !paths.contains(ofUser) { paths.append(ofUser) }
    self.paths = paths + ["/run/halley/halley.sock"]
  }

  package init(option: String?) {
    self.init(option: option, environment: Environment.value, uid: getuid())
  }
}
