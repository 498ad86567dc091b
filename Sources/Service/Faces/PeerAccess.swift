internal import Glibc

/// Which users may connect, beyond what the socket's mode says.
struct PeerAccess: Sendable {
  /// What the kernel shows for a user that this user namespace does not know.
  private static let unmappedUserID: UInt32 = 65534
  /// systemd's range for DynamicUser=.
  private static let dynamicUserIDs: ClosedRange<UInt32> = 61184...65519
  /// Ids below are the system's own (login.defs(5)).
  private static let firstPersonalUserID: UInt32 = 1000

  let ownUserID: UInt32

  static var current: PeerAccess { PeerAccess(ownUserID: geteuid()) }

  /// A daemon of the system serves all whom the mode of its socket lets in; a user's serves that
  /// user and root.
  func admits(_ userID: UInt32) -> Bool {
    guard userID != Self.unmappedUserID, userID != .max else { return false }
    return !isPersonal || userID == ownUserID || userID == 0
  }

  /// Whether the daemon is a user's own.
  var isPersonal: Bool {
    ownUserID >= Self.firstPersonalUserID && !(Self.dynamicUserIDs ~= ownUserID)
  }
}
