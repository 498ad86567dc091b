internal import Glibc

/// Reads what the user answers to a question.
enum TerminalLine {
  /// Reads one line; nil at the end of the terminal, or when a signal has come, which stays for others
  /// to take.
  static func read(_ terminal: Int32, _ interrupts: Interrupts?) throws(Failure) -> [UInt8]? {
    var line: [UInt8] = []
    while line.last != 0x0A {
      var readiness = Readiness()
      let input = readiness.watch(terminal, POLLIN)
      let signals = interrupts.map { readiness.watch($0.descriptor, POLLIN) }
      readiness.wait(milliseconds: nil)
      if readiness.isReadable(signals) { return nil }
      guard readiness.isReadable(input) else { continue }
      do throws(SystemError) {
        guard try FileContents.readSome(terminal, into: &line, InputLimit()) else { return nil }
      } catch {
        throw Failure(.failed, "the terminal can't be read: \(error.reason)")
      }
    }
    return line
  }
}
