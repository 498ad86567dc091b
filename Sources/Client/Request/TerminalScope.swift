internal import Glibc

/// Names the terminal session that a command runs in, so that `-c` continues what was asked there.
package enum TerminalScope {
  /// As in `tty:pts/3:4711:8812345`: the terminal, the session's leader, and when that one started,
  /// because both names are given out again. Without a terminal the session alone is the scope.
  package static var current: String {
    let session = getsid(0)
    let leader = fields(ofProcess: "\(session)")
    // proc_pid_stat(5): (7) tty_nr, (22) starttime; the first field here is (3).
    let start = leader.count > 19 ? leader[19] : "0"
    let own = fields(ofProcess: "self")
    guard own.count > 4, let terminal = Int(own[4]), terminal != 0 else {
      return "session:\(session):\(start)"
    }
    return "tty:\(name(ofDevice: terminal)):\(session):\(start)"
  }

  /// The fields of `/proc/PID/stat` behind the command's name, which may hold spaces.
  private static func fields(ofProcess process: String) -> [Substring] {
    do throws(SystemError) {
      let bytes = try FileContents.read("/proc/\(process)/stat")
      guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return [] }
      return String(decoding: bytes[(end + 1)...], as: UTF8.self).split(separator: " ")
    } catch {
      return []
    }
  }

  /// Spells a device number; majors 136 to 143 are the pseudo-terminals (Linux, devices.txt).
  package static func name(ofDevice device: Int) -> String {
    let major = device >> 8 & 0xFFF
    let minor = device & 0xFF | device >> 12 & 0xFFF00
    switch major {
    case 136...143: return "pts/\((major - 136) << 8 + minor)"
    case 4: return "tty\(minor)"
    default: return "\(major):\(minor)"
    }
  }
}
