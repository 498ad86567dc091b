internal import Glibc

/// How large a terminal is.
package struct TerminalSize: Equatable, Sendable {
  package let columns: Int
  package let rows: Int

  /// Asks the terminal; one that does not know is taken for the usual 80 by 24.
  package init(of descriptor: Int32) {
    var size = winsize()
    let status = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size)
    let isKnown = status == 0 && size.ws_col > 0 && size.ws_row > 0
    columns = isKnown ? Int(size.ws_col) : 80
    rows = isKnown ? Int(size.ws_row) : 24
  }

  package init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
  }
}
