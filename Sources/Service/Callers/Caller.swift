internal import EventLoop
internal import Glibc
internal import JSON
internal import Plugins
internal import Store

/// Who asks.
struct Caller: Sendable {
  /// Whose rows it reads and writes.
  let principal: Principal
  /// For plugins and logs; of a subject that is no user of this system, the greatest number.
  let userID: UInt32
  /// A hint for logs; nil where the transport does not tell it.
  let processID: Int32?
  /// As `initialize` says, else the name of the executable.
  var name: String
  var version: String?
  /// Whether the client can be asked to approve tool calls.
  var canApprove = false

  /// Root and the daemon's own user may see and change what is everybody's; their tokens may not.
  var isOperator: Bool {
    (userID == 0 || userID == geteuid()) && principal == .user(userID)
  }

  init(_ credentials: PeerCredentials) {
    principal = .user(credentials.userID)
    userID = credentials.userID
    processID = credentials.processID
    name = Self.executableName(credentials.processID) ?? "unknown"
  }

  /// One whose client is known by a name alone.
  init(_ principal: Principal, name: String) {
    self.principal = principal
    userID = principal.subject.userID ?? .max
    processID = nil
    self.name = name
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
