internal import Glibc

/// Has a terminal hand every key on at once, without showing it.
final class RawTerminal {
  /// Pasted text comes between marks (xterm, DECSET 2004), so that its line ends enter nothing.
  private static let pastesBracketed = "\u{1B}[?2004h"
  private static let pastesPlain = "\u{1B}[?2004l"

  private let descriptor: Int32
  private let output: StandardStream
  private var usual: termios?

  init(_ descriptor: Int32, output: StandardStream) {
    self.descriptor = descriptor
    self.output = output
  }

  deinit {
    if var usual { unsafe tcsetattr(descriptor, TCSADRAIN, &usual) }
  }

  /// What was typed ahead is kept.
  func enter() throws(Failure) {
    guard usual == nil else { return }
    var settings = termios()
    guard unsafe tcgetattr(descriptor, &settings) == 0 else { throw Self.failure("tcgetattr") }
    usual = settings
    settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
    settings.c_iflag &= ~tcflag_t(ICRNL | INLCR | IGNCR | IXON)
    unsafe withUnsafeMutableBytes(of: &settings.c_cc) {
      unsafe $0[Int(VMIN)] = 1
      unsafe $0[Int(VTIME)] = 0
    }
    guard unsafe tcsetattr(descriptor, TCSADRAIN, &settings) == 0 else {
      throw Self.failure("tcsetattr")
    }
    try output.write(Self.pastesBracketed)
  }

  func leave() throws(Failure) {
    guard var settings = usual else { return }
    usual = nil
    unsafe tcsetattr(descriptor, TCSADRAIN, &settings)
    try output.write(Self.pastesPlain)
  }

  private static func failure(_ operation: String) -> Failure {
    Failure(.failed, "the terminal can't be read: \(SystemError(operation).reason)")
  }
}
