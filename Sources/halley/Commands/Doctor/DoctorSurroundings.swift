import Client
import Glibc

/// What a doctor looks at beside the daemon: the service, rights, completions and editors.
enum DoctorSurroundings {
  static func check(_ report: inout DoctorReport) {
    checkService(&report)
    checkRights(&report)
    checkCompletions(&report)
    checkEditors(&report)
  }

  private static func checkService(_ report: inout DoctorReport) {
    guard AbsolutePath.isThere("/run/systemd/system"), AbsolutePath.isThere("/run/user/\(getuid())")
    else { return report.note("service", "systemd does not run here; halleyd is started by hand") }
    let answer = Program.check("systemctl", ["--user", "is-enabled", "halley.socket"])
    let state = answer.map { String(decoding: $0.bytes.prefix { $0 > 0x20 }, as: UTF8.self) } ?? ""
    guard state == "enabled" else {
      return report.note(
        "service", "halley.socket is \(state.isEmpty ? "not installed" : state) for this user",
        "systemctl --user enable --now halley.socket")
    }
    report.fine("service", "halley.socket is enabled")
    guard let user = Environment.value("USER"),
      !AbsolutePath.isThere("/var/lib/systemd/linger/\(user)")
    else { return }
    report.note(
      "linger", "what runs in the background ends when you log out", "loginctl enable-linger")
  }

  /// Keys that others can read are no secret.
  private static func checkRights(_ report: inout DoctorReport) {
    guard let directory = Environment.configurationDirectory.map({ $0 + "/keys" }),
      case .directory = PathKind(directory)
    else { return }
    var isFine = true
    for path in keyFiles(directory) {
      var status = stat()
      guard unsafe stat(path, &status) == 0, status.st_mode & 0o077 != 0 else { continue }
      isFine = false
      report.found("rights", "others may read \(path)", "chmod 600 \(ShellText.word(path))")
    }
    if isFine { report.fine("rights", "only you can read \(directory)") }
  }

  private static func keyFiles(_ directory: String) -> [String] {
    do throws(Failure) { return try FileTree.files(below: directory) } catch { return [] }
  }

  private static func checkCompletions(_ report: inout DoctorReport) {
    guard let shell = Environment.value("SHELL")?.split(separator: "/").last,
      let file = [
        "bash": "bash-completion/completions/halley", "zsh": "zsh/site-functions/_halley",
        "fish": "fish/vendor_completions.d/halley.fish",
      ][String(shell)]
    else { return }
    let found = shares.first { AbsolutePath.isThere("\($0)/\(file)") }
    guard let found else {
      return report.note(
        "completions", "none are installed for \(shell)",
        "contrib/install, or: halley init \(shell)")
    }
    report.fine("completions", "\(found)/\(file)")
  }

  private static func checkEditors(_ report: inout DoctorReport) {
    for (program, folder) in [("nvim", "nvim"), ("vim", "vim"), ("emacs", "emacs")] {
      let path = (Environment.value("PATH") ?? "").split(separator: ":")
      guard path.contains(where: { AbsolutePath.isThere("\($0)/\(program)") }) else { continue }
      guard let share = shares.first(where: { AbsolutePath.isThere("\($0)/halley/\(folder)") })
      else {
        report.note(
          "editors", "\(program) is here, and nothing of Halley for it", "contrib/install")
        continue
      }
      report.fine("editors", "\(program): \(share)/halley/\(folder)")
    }
  }

  private static var shares: [String] {
    let own =
      Environment.value("XDG_DATA_HOME") ?? Environment.value("HOME").map { $0 + "/.local/share" }
    let beside = Program.share.map { String($0.dropLast("/halley".count)) }
    return [own, beside, "/usr/local/share", "/usr/share"].compactMap(\.self)
  }
}
