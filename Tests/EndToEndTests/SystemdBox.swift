import Glibc
import Testing
import TestSupport

/// A throwaway systemd in namespaces (contrib/systemd-box.sh) with this build's programs and the
/// units as shipped, for one script below Systemd/.
enum SystemdBox {
  private static let root =
    "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
  private static let program = "\(root)/contrib/systemd-box.sh"
  /// The box's tools are partly the administrator's.
  private static let path = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
  /// The MESSAGE_ID of systemd/catalog/halley.catalog.
  private static let daemonStarted = "44a21cea8b6f4629b360510e5491e4e4"

  /// Why this machine can't boot a box; nil where it can.
  static let reasonToSkip: String? = {
    for tool in ["jq", "nc"] where Binaries.installed(tool) == nil { return "no \(tool)" }
    do {
      let check = try TestSupport.run([program, "check"], environment: path)
      guard check.status != 0 else { return nil }
      return check.error.split(separator: "\n").joined(separator: "; ")
    } catch {
      return "\(error)"
    }
  }()

  static var comment: Comment {
    Comment(rawValue: "a booted systemd: \(reasonToSkip ?? "it can run here")")
  }

  /// Boots, runs the script as root inside, and takes everything down again. What a failed script
  /// says, and the end of the box's journal, becomes the test's issue.
  ///
  /// - Parameter users: who has a user manager, and thus user services.
  static func run(_ script: String, users: [String] = []) throws {
    let scratch = try Scratch()
    let box = "\(scratch.path)/box"
    let ended = try TestSupport.run(
      [program, "run", "--out", box, "--limit", "90"] + contents()
        + users.flatMap { ["--user", $0] } + ["--", "/usr/lib/halley-tests/\(script).sh"],
      environment: path, limit: .seconds(150))
    #expect(
      ended.status == 0,
      Comment(rawValue: "\(script).sh ended with status \(ended.status):\n\(ended.error)"))
    let journal = try withExtendedLifetime(scratch) { try TextFile.text("\(box)/journal.json") }
    #expect(journal.contains(daemonStarted), "no daemon has started in the box")
  }

  private static func contents() throws -> [String] {
    var options: [String] = []
    for name in ["halleyd", "halley", "halley-simulator"] {
      options += ["--bin", "\(try Binaries.path(of: name)):/usr/bin/\(name)"]
    }
    let units = "\(root)/systemd"
    for name in ["halley.socket", "halley-http.socket", "halley.service"] {
      options += ["--unit", "\(units)/system/\(name)", "--user-unit", "\(units)/user/\(name)"]
    }
    for folder in ["sysusers.d/halley.conf:/usr/lib", "catalog/halley.catalog:/usr/lib/systemd"] {
      let parts = folder.split(separator: ":")
      options += ["--copy", "\(units)/\(parts[0]):\(parts[1])/\(parts[0])"]
    }
    options += ["--copy", "\(root)/Tests/EndToEndTests/Systemd:/usr/lib/halley-tests"]
    return options
  }
}
