internal import Glibc

/// What was piped into the command.
package enum StandardInput {
  /// Milliseconds of silence on an open pipe after which a notice is printed.
  private static let silence: Int32 = 2_000

  /// Whether stdin is a pipe, a file or a socket; a terminal is never read.
  package static var isPiped: Bool {
    switch FileKind(of: 0) {
    case .regular, .pipe, .socket: true
    default: false
    }
  }

  static var isTerminal: Bool { isatty(0) == 1 }

  /// Waits for something on stdin and takes it.
  ///
  /// - Returns: the signal that has come instead, if one has.
  static func readSome(
    into contents: inout [UInt8], _ limit: InputLimit, _ interrupts: Interrupts,
    _ isAtEnd: inout Bool
  ) throws(Failure) -> ExitStatus? {
    var readiness = Readiness()
    let input = readiness.watch(0, POLLIN)
    _ = readiness.watch(interrupts.descriptor, POLLIN)
    readiness.wait(milliseconds: nil)
    if let status = interrupts.take() { return status }
    if readiness.isReadable(input) { isAtEnd = try !readSome(into: &contents, limit) }
    return nil
  }

  /// Reads stdin to its end; a signal ends the command.
  ///
  /// - Parameter whenSilent: called once, when nothing has come for two seconds.
  package static func read(
    _ limit: InputLimit, interrupts: Interrupts, whenSilent: () throws(Failure) -> Void
  ) throws(Failure) -> [UInt8] {
    var contents: [UInt8] = []
    var timeout: Int32? = silence
    while true {
      var readiness = Readiness()
      let input = readiness.watch(0, POLLIN)
      let signals = readiness.watch(interrupts.descriptor, POLLIN)
      readiness.wait(milliseconds: timeout)
      if let status = interrupts.take() { throw Failure(status, "") }
      if readiness.isReadable(input) {
        guard try readSome(into: &contents, limit) else { return contents }
      } else if timeout != nil, !readiness.isReadable(signals) {
        try whenSilent()
        timeout = nil
      }
    }
  }

  /// Takes what was piped in as text, without the line ends behind it.
  package static func text(of bytes: [UInt8]) throws(Failure) -> String {
    var text = try FileContents.text(of: bytes, from: "stdin")[...]
    while let last = text.unicodeScalars.last, last == "\n" || last == "\r" {
      text.unicodeScalars.removeLast()
    }
    return String(text)
  }

  private static func readSome(
    into contents: inout [UInt8], _ limit: InputLimit
  ) throws(Failure) -> Bool {
    do throws(SystemError) {
      return try FileContents.readSome(0, into: &contents, limit)
    } catch {
      throw limit.failure(error, reading: "stdin")
    }
  }
}
