internal import Glibc

/// The user's browser.
package enum Browser {
  /// How long a program that starts one may take to say that it can't, in milliseconds.
  private static let patience: Int64 = 3_000

  /// Opens a file; false where no browser could be started.
  package static func open(_ path: String) -> Bool {
    programs.contains { opens(path, with: $0) }
  }

  /// `$BROWSER` may name several, with colons between them.
  private static var programs: [String] {
    let named = (Environment.value("BROWSER") ?? "").split(separator: ":").map(String.init)
    let isGraphical = ["DISPLAY", "WAYLAND_DISPLAY"].contains { Environment.value($0) != nil }
    return named + (isGraphical ? ["xdg-open"] : [])
  }

  private static func opens(_ path: String, with program: String) -> Bool {
    guard let process = Program.start(program, [program, path]) else { return false }
    let end = Clock.milliseconds + patience
    while Clock.milliseconds < end {
      var status: Int32 = 0
      let ended = unsafe waitpid(process, &status, WNOHANG)
      if ended == process { return status == 0 }
      usleep(10_000)
    }
    return true
  }
}
