internal import CSpawn
internal import EventLoop
internal import Glibc

/// The process between the daemon and a plugin that sees to it that nothing of the plugin is left
/// when the plugin or the daemon ends, however they end; `guard.c` says how.
///
/// It is the daemon's own program under another name.
package enum PluginGuard {
  /// SIGTERM for the plugin's group, SIGKILL for all that is left after the order's grace.
  static let endSignal = HALLEY_GUARD_END
  /// SIGKILL for everything at once.
  static let killSignal = HALLEY_GUARD_KILL

  private static let name = "halley-guard"
  /// Whatever the daemon's program is called, and also when it was replaced meanwhile.
  package static let program = "/proc/self/exe"

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
    /// Between SIGTERM and SIGKILL.
    var grace: Duration

    var bytes: [UInt8] {
      let numbers = ["\(getpid())", "\(grace.wholeMicroseconds / 1000)"]
      let texts = numbers + [directory, "\(command.count)"] + command + environment
      return texts.flatMap { Array($0.utf8) + [0] }
    }
  }

  /// What a guard says of the start.
  enum Report {
    case started(Int32)
    case failed(String)
    /// It was killed before it said anything.
    case abandoned

    /// - Parameter bytes: all that came through the channel: the start, and what went wrong with it,
    ///   in any order, because two processes write them.
    init(_ bytes: [UInt8]) {
      let words = stride(from: 0, to: bytes.count - bytes.count % 8, by: 4).map { at in
        bytes[at..<at + 4].reversed().reduce(Int32(0)) { $0 << 8 | Int32($1) }
      }
      let reports = stride(from: 0, to: words.count, by: 2).map { at in
        (stage: UInt32(bitPattern: words[at]), value: words[at + 1])
      }
      let failure = reports.first { $0.stage != HALLEY_GUARD_STARTED.rawValue }
      if let failure {
        self = .failed(Self.reason(failure.stage, errno: failure.value))
      } else if let start = reports.first {
        self = .started(start.value)
      } else {
        self = .failed("its guard ended")
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

  /// Starts a guard, with its end of the channel as the fourth descriptor.
  ///
  /// - Parameter plugin: the plugin's name, for ps(1).
  static func start(
    _ program: String, for plugin: String, descriptors: [PipeEnd]
  ) throws(LoopError) -> SpawnedProcess {
    let spawned = SpawnedProcess.start(
      program, [name, plugin], environment: [], descriptors: descriptors.map(\.descriptor))
    switch spawned {
    case .success(let process): return process
    case .failure(let error): throw LoopError("posix_spawn", code: error.number)
    }
  }
}
