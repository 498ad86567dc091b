internal import Glibc

/// What /proc says of a process (proc(5)).
package struct ProcessFigures {
  private let directory: String

  package init(_ identifier: Int32) {
    directory = "/proc/\(identifier)"
  }

  package var residentKiB: Int { get throws { try status("VmRSS") } }
  /// The most that was ever resident, or since `forgetPeak`.
  package var peakKiB: Int { get throws { try status("VmHWM") } }
  package var threads: Int { get throws { try status("Threads") } }

  /// Lets the peak begin at what is resident now (`clear_refs`, 5).
  package func forgetPeak() throws {
    let descriptor = unsafe open("\(directory)/clear_refs", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SupportError("clear_refs: errno \(errno)") }
    defer { close(descriptor) }
    guard unsafe write(descriptor, "5", 1) == 1 else {
      throw SupportError("clear_refs: errno \(errno)")
    }
  }

  /// CPU time that the process took, in user and kernel mode.
  package var cpuTime: Duration {
    get throws {
      let line = try TextFile.text("\(directory)/stat")
      // The second field is the name in parentheses and may hold anything.
      let fields = line[(line.lastIndex(of: ")") ?? line.startIndex)...].split(separator: " ")
      guard fields.count > 13, let user = Int(fields[12]), let system = Int(fields[13]) else {
        throw SupportError("\(directory)/stat: \(line)")
      }
      return .milliseconds((user + system) * 1000 / sysconf(Int32(_SC_CLK_TCK)))
    }
  }

  /// Where each thread is in the kernel, and whether it is traced; for messages.
  package var whereabouts: String {
    do {
      let end = try run([
        "sh", "-c",
        "cd \(directory)/task && for t in *; do echo $t $(cut -d' ' -f2,3 $t/stat) "
          + "$(cat $t/wchan) $(cut -d' ' -f1 $t/syscall) $(grep TracerPid $t/status); done",
      ])
      return end.output.split(separator: "\n").joined(separator: ", ")
    } catch {
      return "\(error)"
    }
  }

  package var environment: [UInt8] { get throws { try TextFile.bytes("\(directory)/environ") } }
  package var arguments: [UInt8] { get throws { try TextFile.bytes("\(directory)/cmdline") } }

  private func status(_ key: String) throws -> Int {
    for line in try TextFile.text("\(directory)/status").split(separator: "\n")
    where line.hasPrefix("\(key):") {
      let number = line.dropFirst(key.count + 1).drop { $0 == " " || $0 == "\t" }
        .prefix { $0.isNumber }
      if let value = Int(number) { return value }
    }
    throw SupportError("\(directory)/status has no \(key)")
  }
}
