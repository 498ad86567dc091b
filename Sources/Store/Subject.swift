/// Whose rows are whose, by name: `uid:1000`, `socket:ci`, `token:editor@uid:1000`, `anna@EXAMPLE.ORG`.
///
/// 1. One subject has one spelling, so that equal names are all that makes subjects equal.
/// 2. A name that a client made up names no other kind of subject: parts hold letters, digits and
///    `._+-`, and kinds are told apart by the characters between them.
package struct Subject: Sendable {
  /// Bytes of a name.
  private static let longest = 255

  package let name: String
  /// The user's number; nil for a subject that is no user of this system.
  package let userID: UInt32?

  private init(checked name: String, userID: UInt32?) {
    self.name = name
    self.userID = userID
  }

  /// A user of this system.
  package static func user(_ id: UInt32) -> Subject {
    Subject(checked: userPrefix + String(id), userID: id)
  }

  /// Those who come in at a restricted socket.
  ///
  /// - Parameter name: of letters, digits, `_` and `-`.
  package static func socket(_ name: String) -> Subject {
    Subject(checked: socketPrefix + name, userID: nil)
  }

  /// Reads a name; nil for what names no subject.
  package init?(_ name: some StringProtocol) {
    let name = String(name)
    guard name.utf8.count <= Self.longest, Self.isSubject(name[...]) else { return nil }
    self.init(checked: name, userID: Self.userID(name[...]))
  }

  /// Whose limits and budgets count for it: a token's are its user's, also where the token sees
  /// nothing of the user's.
  package var payer: Subject {
    guard name.utf8.starts(with: Self.tokenPrefix.utf8),
      let at = name.utf8.firstIndex(of: UInt8(ascii: "@"))
    else { return self }
    return Subject(name[name.utf8.index(after: at)...]) ?? self
  }

  // MARK: Reading

  private static let userPrefix = "uid:"
  private static let socketPrefix = "socket:"
  private static let tokenPrefix = "token:"

  private static func isSubject(_ name: Substring) -> Bool {
    if userID(name) != nil { return true }
    if let socket = name.dropping(socketPrefix) { return isPart(socket) }
    guard let at = name.utf8.firstIndex(of: UInt8(ascii: "@")) else { return false }
    let (local, domain) = (name[..<at], name[name.utf8.index(after: at)...])
    guard let token = local.dropping(tokenPrefix) else { return isPart(local) && isPart(domain) }
    return isPart(token) && userID(domain) != nil
  }

  /// The number has one spelling: no sign, no zero before it.
  private static func userID(_ name: Substring) -> UInt32? {
    guard let digits = name.dropping(userPrefix), let number = UInt32(digits),
      String(number) == digits
    else { return nil }
    return number
  }

  private static func isPart(_ text: Substring) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "+"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}

extension Subject: Hashable {
  package static func == (left: Subject, right: Subject) -> Bool { left.name == right.name }

  package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Subject: CustomStringConvertible {
  /// For people: `uid 1000`, and the name of one that is no user of this system.
  package var description: String { userID.map { "uid \($0)" } ?? name }
}

extension Substring {
  /// What follows a prefix; nil without it.
  fileprivate func dropping(_ prefix: String) -> Substring? {
    utf8.starts(with: prefix.utf8)
      ? self[utf8.index(startIndex, offsetBy: prefix.utf8.count)...] : nil
  }
}
