internal import EventLoop
internal import Glibc
internal import JSON
internal import Plugins
package import Store

/// Who asks.
package struct Caller: Sendable {
  /// Whose rows it reads and writes.
  package let principal: Principal
  /// What one is allowed who is not simply a user.
  package private(set) var grant: Grant?
  /// For plugins and logs; of a subject that is no user of this system, the greatest number.
  package let userID: UInt32
  /// A hint for logs; nil where the transport does not tell it.
  let processID: Int32?
  /// As its grant or `initialize` says, else the name of the executable.
  package private(set) var name: String
  private(set) var version: String?
  /// Whether the client can be asked to approve tool calls.
  private(set) var canApprove = false

  /// Root and the daemon's own user may see and change what is everybody's; their tokens may not.
  package var isOperator: Bool { role == .operator }

  package var role: Roles {
    if let grant { return grant.role }
    let mayOperate = userID == 0 || userID == geteuid()
    return mayOperate && principal == .user(userID) ? .operator : .user
  }

  /// - Parameter grant: what those are allowed who come the same way; nil for users.
  init(_ credentials: PeerCredentials, grant: Grant? = nil) {
    principal = grant?.principal ?? .user(credentials.userID)
    self.grant = grant
    userID = credentials.userID
    processID = credentials.processID
    name = grant?.name ?? Self.executableName(credentials.processID) ?? "unknown"
  }

  /// One who comes with a token of a user's.
  init(_ grant: Grant, of userID: UInt32) {
    principal = grant.principal
    self.grant = grant
    self.userID = userID
    processID = nil
    name = grant.name
  }

  /// One whose client is known by a name alone.
  package init(_ principal: Principal, name: String) {
    self.principal = principal
    userID = principal.subject.userID ?? .max
    processID = nil
    self.name = name
  }

  /// Takes what a client says of itself. Who has a grant goes by that one's name, and is not asked
  /// whether a tool may run: to say so is for users.
  mutating func introduce(_ client: RawJSON?, canApprove: Bool?) {
    version = client.map { $0["version"]?.string } ?? version
    guard grant == nil else { return }
    name = client?["name"]?.string ?? name
    self.canApprove = canApprove ?? self.canApprove
  }

  /// Takes what the same way allows now.
  mutating func regrant(_ grant: Grant) {
    if grant.principal == principal { self.grant = grant }
  }

  /// The name that proc(5) gives a process; at most 15 bytes. A hint: it may be another by now.
  private static func executableName(_ processID: Int32) -> String? {
    let descriptor = unsafe open("/proc/\(processID)/comm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { Glibc.close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe Glibc.read(descriptor, $0.baseAddress, 64)
    }
    guard count > 0 else { return nil }
    let name = bytes[..<count].prefix { $0 != 0x0A }
    return String(decoding: name, as: UTF8.self)
  }
}

extension HookContext {
  init(requestID: RawJSON, caller: Caller, conversation: RawJSON?, scope: String?) {
    self.init(
      requestID: requestID, clientName: caller.name, processID: caller.processID,
      userID: caller.userID, conversation: conversation, scope: scope)
  }
}
