import Client
import JSON

/// The daemon that commands about files are about: the one that answers, else the user's.
struct DaemonInUse {
  /// What `daemon.status` answers; nil where nothing does in time.
  let status: RawJSON?
  let isSystem: Bool

  init(socket: String? = nil) {
    status = QuickCall(socket: socket).result("daemon.status", .emptyObject)
    isSystem = status != nil && QuickCall.path(socket)?.hasPrefix("/run/halley/") == true
  }

  func place(_ explicit: String?) throws(Failure) -> ConfigurationPlace {
    try ConfigurationPlace(explicit: explicit, status: status, isSystem: isSystem)
  }
}
