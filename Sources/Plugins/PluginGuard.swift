internal import CSpawn
internal import EventLoop
internal import Glibc

/// The process between the daemon and a plugin that sees to it that nothing of the plugin is left
/// when the plugin or the daemon ends, however they end; `guard.c` says how.
///
/// It is the daemon's own program under another name.
package enum PluginGuard {
  /// SIGTERM for the plugin's group, SIGKILL for all that is left after the order's grace.
  static let endCommand = UInt8(HALLEY_GUARD_END)
  /// SIGKILL for everything at once.
  static let killCommand = UInt8(HALLEY_GUARD_KILL)

  static let name = "halley-guard"

  /// Spends the life of the process as a guard, where it was started as one. Call it first in
  /// `main`.
  package static func runIfNamed() {
    guard CommandLine.arguments.first == name else { return }
    exit(halley_guard())
  }

  /// What a guard is told.
  struct Order {
    var command: [String]
    var directory: String
    var environment: [String]
    /// Of file modes; nil for what the guard has.
    var mask: UInt32?
    /// Whether programs of other users may run as those (execve(2), set-user-ID).
    var mayGainPrivileges: Bool
    /// Between SIGTERM and SIGKILL.
    var grace: Duration

    /// With their length in front.
    var bytes: [UInt8] {
      let numbers = [
        "\(mask.map { Int64($0) } ?? -1)", mayGainPrivileges ? "1" : "0",
        "\(grace.wholeMicroseconds / 1000)",
      ]
      let texts = numbers + [directory, "\(command.count)"] + command + environment
      return PluginGuard.framed(texts.flatMap { Array($0.utf8) + [0] })
    }
  }

  /// An order that starts no plugin: the guard says which mount namespace it is in.
  static let question = framed([])

  private static func framed(_ bytes: [UInt8]) -> [UInt8] {
    unsafe withUnsafeBytes(of: UInt32(bytes.count)) { unsafe Array($0) } + bytes
  }

  /// What a guard says.
  enum Report {
    case started(Int32)
    case failed(String)
    /// Nothing of the plugin is left.
    case ended(ChildExit)

    static let byteCount = MemoryLayout<halley_guard_report>.size

    /// - Parameter bytes: as many as a report has.
    init(_ bytes: some Collection<UInt8>) {
      let report = unsafe Array(bytes).withUnsafeBytes {
        unsafe $0.loadUnaligned(as: halley_guard_report.self)
      }
      switch UInt32(bitPattern: report.stage) {
      case HALLEY_GUARD_STARTED.rawValue: self = .started(report.value)
      case HALLEY_GUARD_ENDED.rawValue: self = .ended(ChildExit(waitStatus: report.value))
      case let stage: self = .failed(Self.reason(stage, errno: report.value))
      }
    }

    private static func reason(_ stage: UInt32, errno: Int32) -> String {
      let reason = unsafe String(cString: strerror(errno))
      return switch stage {
      case HALLEY_GUARD_NO_DIRECTORY.rawValue: "no way into its directory: \(reason)"
      case HALLEY_GUARD_NO_PROGRAM.rawValue: "its program does not run: \(reason)"
      default: "no process: \(reason)"
      }
    }
  }
}

extension ChildExit {
  /// - Parameter waitStatus: as waitpid(2) gives it for a process that has ended.
  fileprivate init(waitStatus: Int32) {
    let signal = waitStatus & 0x7F
    self = signal == 0 ? .exited(status: waitStatus >> 8 & 0xFF) : .killed(signal: signal)
  }
}
