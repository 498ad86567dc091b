internal import Glibc

/// Reads a secret from stdin, or from the terminal without showing it.
package enum SecretInput {
  /// Far longer than any secret.
  private static let longest = 65_536

  package static func read(_ question: String, interrupts: Interrupts) throws(Failure) -> [UInt8] {
    if StandardInput.isPiped {
      return try StandardInput.read(InputLimit(longest), interrupts: interrupts) {
        () throws(Failure) in
        try StandardStream(StandardStream.errorDescriptor).write(
          "halley: waiting for the key on stdin\n")
      }
    }
    let terminal = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0 else {
      throw .usage("there is no terminal to ask at", advice: "give the key on stdin")
    }
    defer { close(terminal) }
    return try ask(question, terminal, interrupts)
  }

  private static func ask(
    _ question: String, _ terminal: Int32, _ interrupts: Interrupts
  ) throws(Failure) -> [UInt8] {
    var settings = termios()
    guard unsafe tcgetattr(terminal, &settings) == 0 else {
      throw Failure(.failed, "the terminal can't be read: \(SystemError("tcgetattr").reason)")
    }
    var silent = settings
    silent.c_lflag &= ~tcflag_t(ECHO)
    unsafe tcsetattr(terminal, TCSAFLUSH, &silent)
    defer { unsafe tcsetattr(terminal, TCSAFLUSH, &settings) }
    let stream = StandardStream(terminal)
    try stream.write(TerminalText.safe(question))
    let line = try TerminalLine.read(terminal, interrupts)
    try stream.write("\n")
    guard let line else { throw Failure(interrupts.take() ?? .interrupted, "") }
    return line
  }
}
