internal import Glibc

/// The group that a user has alone, where groups are given so (useradd(8), `USERGROUPS_ENAB`): what
/// it may write, nobody else may.
enum PrivateGroup {
  private static let bufferBytes = 65_536

  /// Returns the user's primary group if it is named like the user and has no other member; nil
  /// otherwise. Blocks.
  static func number(of user: uid_t) -> gid_t? {
    var entry = unsafe passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: bufferBytes)
    guard unsafe getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, unsafe found != nil
    else { return nil }
    let (name, number) = unsafe (String(cString: entry.pw_name), entry.pw_gid)
    return holds(number, only: name) && !isPrimary(number, ofOthersThan: user) ? number : nil
  }

  private static func holds(_ number: gid_t, only user: String) -> Bool {
    var entry = unsafe group()
    var found: UnsafeMutablePointer<group>?
    var buffer = [CChar](repeating: 0, count: bufferBytes)
    guard unsafe getgrgid_r(number, &entry, &buffer, buffer.count, &found) == 0,
      unsafe found != nil, unsafe String(cString: entry.gr_name) == user
    else { return false }
    var member = unsafe entry.gr_mem
    while let name = unsafe member?.pointee {
      guard unsafe String(cString: name) == user else { return false }
      unsafe member = member?.successor()
    }
    return true
  }

  /// Looks into the local users: a directory of many may not let itself be listed, and gives no group
  /// the name of a user without meaning that user's own.
  private static func isPrimary(_ number: gid_t, ofOthersThan user: uid_t) -> Bool {
    guard let file = unsafe fopen("/etc/passwd", "re") else { return true }
    defer { unsafe fclose(file) }
    var entry = unsafe passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: bufferBytes)
    while unsafe fgetpwent_r(file, &entry, &buffer, buffer.count, &found) == 0 {
      if unsafe entry.pw_gid == number && entry.pw_uid != user { return true }
    }
    return false
  }
}
