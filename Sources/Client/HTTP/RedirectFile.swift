internal import Glibc

/// A file that leads a browser to an address that is nobody else's business: other users see the
/// arguments of the programs that run.
package struct RedirectFile {
  /// How long a browser may take to read it.
  private static let lifetime = 60

  package let path: String

  /// Writes it for its owner alone; nil where there is no place that is only the user's own.
  package init?(to address: String) {
    guard let runtime = Environment.value("XDG_RUNTIME_DIR"), runtime.hasPrefix("/") else {
      return nil
    }
    let directory = runtime + "/halley"
    path = "\(directory)/page-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).html"
    do throws(SystemError) {
      try Directory.make(directory)
      try FileContents.create(path, Array(Self.text(address).utf8))
    } catch {
      return nil
    }
  }

  private static func text(_ address: String) -> String {
    let escaped = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;")]
      .reduce(address) { $0.replacing($1.0, with: $1.1) }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <meta charset="utf-8">
      <meta name="referrer" content="no-referrer">
      <meta http-equiv="refresh" content="0;url=\(escaped)">
      <title>Halley</title>
      <p><a href="\(escaped)">Halley</a></p>
      </html>

      """
  }

  package func remove() {
    unsafe _ = unlink(path)
  }

  /// Removes it when the code in it is too old, however long the browser takes.
  package func removeLater() {
    let words = ["sh", "-c", "sleep \(Self.lifetime); rm -f -- \"$1\"", "sh", path]
    if Program.start("/bin/sh", words) == nil { remove() }
  }
}
