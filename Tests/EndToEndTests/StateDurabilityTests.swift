import Glibc
import JSON
import TestSupport
import Testing

/// The order of disk and socket, as strace(1) sees it.
@Suite(.enabled(if: Tracer.isAvailable, "strace is missing or may not trace"))
struct StateDurabilityTests {
  private static let turns = 200

  @Test func `the log is synced before each of two hundred turns is acknowledged`() throws {
    let stage = try StateStage()
    let tracer = try Tracer(
      stage.daemon,
      ["-y", "-s", "60000", "-e", "trace=pwrite64,fsync,fdatasync,sendmsg,sendto,write,writev"])
    for turn in 0..<Self.turns {
      let stream = turn.isMultiple(of: 2) ? #""stream":true"# : #""stream":false"#
      let answer = try stage.client.say("hi", answer: Self.text(turn), stream)
      #expect(answer.status == "completed")
    }
    var order = SyncOrder()
    for line in try tracer.stop().split(separator: "\n") { order.read(line) }
    #expect(order.violations.isEmpty, "\(order.violations)")
    #expect(order.acknowledged == Set(0..<Self.turns), "\(order.acknowledged.count)")
    #expect(order.syncs >= Self.turns)
  }

  private static func text(_ turn: Int) -> String { "answer-\(1000 + turn)-end" }

  /// Which turns are written, synced and acknowledged, in the order of the trace.
  private struct SyncOrder {
    private(set) var acknowledged: Set<Int> = []
    private(set) var violations: [String] = []
    private(set) var syncs = 0
    private var written: Set<Int> = []
    private var synced: Set<Int> = []

    mutating func read(_ line: Substring) {
      if line.contains("sync") {
        readSync(line)
      } else if line.contains("pwrite64("), line.contains("halley.db-wal>") {
        written.formUnion(turns(in: line))
      } else if line.contains("response.completed") || line.contains(#"\"result\":"#),
        !line.contains("pwrite64")
      {
        for turn in turns(in: line) { acknowledge(turn) }
      }
    }

    /// Only a sync that has returned counts; it may end on a line of its own.
    private mutating func readSync(_ line: Substring) {
      let isOfLog = line.contains("halley.db-wal>") || line.contains("resumed")
      guard isOfLog, line.hasSuffix("= 0") else { return }
      syncs += 1
      synced.formUnion(written)
    }

    private mutating func acknowledge(_ turn: Int) {
      if !synced.contains(turn) { violations.append("turn \(turn) was not synced") }
      acknowledged.insert(turn)
    }

    private func turns(in line: Substring) -> [Int] {
      line.matches(of: #/answer-(\d{4})-end/#).compactMap { Int($0.1).map { $0 - 1000 } }
    }
  }
}

/// strace(1), attached to a daemon until it is stopped.
final class Tracer {
  private let process: ChildProcess
  private let scratch: Scratch

  static let isAvailable: Bool = {
    guard Binaries.installed("strace") != nil else { return false }
    do {
      return try TestSupport.run(["strace", "-o", "/dev/null", "true"]).status == 0
    } catch {
      return false
    }
  }()

  init(_ daemon: DaemonProcess, _ options: [String]) throws {
    scratch = try Scratch()
    process = try ChildProcess(
      ["strace", "-f", "-o", "\(scratch.path)/trace"] + options + ["-p", "\(daemon.identifier)"])
    // It names all threads in one line.
    try Wait.until("strace to attach") { process.errorText.contains(" attached") }
  }

  /// Lets go of the daemon and returns what was seen.
  func stop() throws -> String {
    process.signal(SIGINT)
    _ = try process.wait()
    return try TextFile.text("\(scratch.path)/trace")
  }
}
