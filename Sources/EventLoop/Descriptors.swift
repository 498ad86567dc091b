internal import CSystemd
internal import Glibc

/// What is left of the descriptors that this process may have (RLIMIT_NOFILE, sysconf(3)).
///
/// The lowest free number is always given, so that a high one says how few are left.
package enum Descriptors {
  /// The users that do without the last ones. What is held back from both is for the store, the
  /// service manager's socket and keys.
  package enum Use {
    case clients
    case upstreams
  }

  /// The most that is held back; a quarter where the limit is low.
  private static let heldBack = 32

  private static var most: Int? {
    let most = sysconf(Int32(_SC_OPEN_MAX))
    return most > 0 ? most : nil
  }

  /// A part of all that this process may have, such as a sixteenth.
  package static func share(of parts: Int) -> Int { (most ?? .max) / parts }

  /// Whether a descriptor that was just opened is one of those that are held back from a use.
  package static func areLast(_ descriptor: Int32, for use: Use) -> Bool {
    guard let most else { return false }
    let reserve = min(heldBack, most / 4)
    return Int(descriptor) >= most - (use == .clients ? reserve : reserve / 2)
  }

  /// Whether only the last ones can be had now, or none at all, of this process or of the system.
  package static var areScarce: Bool {
    let probe = eventfd(0, Int32(EFD_CLOEXEC))
    guard probe >= 0 else { return true }
    close(probe)
    return areLast(probe, for: .upstreams)
  }
}
