internal import Glibc

/// The user's editor: `$EDITOR`, `$VISUAL`, or vi.
package enum TextEditor {
  /// Has the user write a text.
  ///
  /// - Returns: what the file holds when the editor has ended, without white space around it.
  package static func text(beginningWith text: String) throws(Failure) -> String {
    let directory = Environment.value("XDG_RUNTIME_DIR") ?? Environment.value("TMPDIR") ?? "/tmp"
    let path = "\(directory)/halley-\(getpid())-\(Clock.milliseconds).md"
    do throws(SystemError) {
      try FileContents.create(path, Array((text.isEmpty ? text : text + "\n").utf8))
    } catch {
      throw Failure(.failed, "\(path) can't be written: \(error.reason)")
    }
    defer { unsafe unlink(path) }
    try open(path)
    return try FileContents.readText(path, InputLimit()).trimmed
  }

  /// Opens a file, and waits until the editor has ended.
  package static func open(_ path: String) throws(Failure) {
    let editor = Environment.value("EDITOR") ?? Environment.value("VISUAL") ?? "vi"
    let status: Int32
    do throws(SystemError) {
      // As git does it: what the variable holds may have options, so that a shell reads it.
      status = try Program.run(["/bin/sh", "-c", "\(editor) \"$@\"", editor, path])
    } catch {
      throw Failure(.failed, "the editor can't be started: \(error.reason)")
    }
    guard status == 0 else {
      throw Failure(
        .failed, "the editor \"\(editor)\" ended with \(status)",
        advice: "EDITOR names the program to edit with")
    }
  }
}
