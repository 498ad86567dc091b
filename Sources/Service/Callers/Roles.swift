/// What a caller is to the daemon, and which callers a method is for.
package struct Roles: OptionSet, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// Root, and the user that the daemon runs as.
  package static let `operator` = Roles(rawValue: 1)
  package static let user = Roles(rawValue: 1 << 1)
  package static let token = Roles(rawValue: 1 << 2)
  /// A token that may neither change anything nor spend.
  package static let readOnlyToken = Roles(rawValue: 1 << 3)
  /// The daemon's own page in a browser.
  package static let page = Roles(rawValue: 1 << 4)
  /// Whoever connects to a socket for programs that are not trusted.
  package static let socket = Roles(rawValue: 1 << 5)

  // MARK: Which a method is for

  package static let operators: Roles = [.operator]
  package static let users: Roles = [.operator, .user]
  /// Those who may change what is theirs, and spend.
  package static let writers: Roles = [.users, .token]
  /// Those who may see what is theirs.
  package static let readers: Roles = [.writers, .readOnlyToken, .page]
  package static let everybody: Roles = [.readers, .socket]
}
