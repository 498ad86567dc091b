internal import ArgumentParser
internal import Glibc
internal import JSON

@main
struct HalleySimulator: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "halley-simulator",
    abstract: "Speaks the Responses API on a loopback address, without a model.",
    discussion: ControlTable.text)

  @Option(
    help: ArgumentHelp(
      "A literal loopback address and a port; port 0 lets the kernel choose.",
      valueName: "address:port"))
  var listen = "127.0.0.1:0"

  @Option(help: ArgumentHelp("Speak TLS with this certificate (a PEM file).", valueName: "file"))
  var certificate: String?

  @Option(help: ArgumentHelp("The certificate's private key (a PEM file).", valueName: "file"))
  var privateKey: String?

  @Option(help: ArgumentHelp("How fast an answer goes, 0 for at once.", valueName: "rate"))
  var wordsPerSecond = 0.0

  @Option(help: ArgumentHelp("How long an answer is.", valueName: "count"))
  var words: Int?

  @Option(help: ArgumentHelp("The time before the first event.", valueName: "milliseconds"))
  var firstEventDelay = 0

  @Option(help: "Refuse requests that do not bring this bearer key.")
  var key: String?

  @Option(
    help: ArgumentHelp("Where the files are that metadata.script names.", valueName: "directory"))
  var script: String?

  @Flag(help: "End when standard input does, so that nothing is left behind.")
  var exitWithStdin = false

  @Flag(help: "Do not name each request on standard error.")
  var quiet = false

  func validate() throws {
    guard LoopbackAddress(listen) != nil else {
      throw ValidationError(
        "--listen is '\(listen)'; a literal loopback address such as 127.0.0.1:8080 or [::1]:0 "
          + "was expected.")
    }
    guard (certificate == nil) == (privateKey == nil) else {
      throw ValidationError("--certificate and --private-key go together.")
    }
    guard wordsPerSecond.isFinite, wordsPerSecond >= 0 else {
      throw ValidationError(
        "--words-per-second is \(wordsPerSecond); a number from 0 was expected.")
    }
    guard words ?? 0 >= 0, 0...86_400_000 ~= firstEventDelay else {
      throw ValidationError(
        "--words has to be 0 or more, and --first-event-delay 0 to 86400000 milliseconds.")
    }
  }

  func run() throws {
    guard let address = LoopbackAddress(listen) else { throw ExitCode.validationFailure }
    signal(SIGPIPE, SIG_IGN)
    let signals = EndSignals()
    signals.block()
    do throws(SystemError) {
      try start(address)
    } catch {
      throw ValidationError(error.description)
    }
    signals.wait()
    _exit(EXIT_SUCCESS)
  }

  private func start(_ address: LoopbackAddress) throws(SystemError) {
    var tls: TLSContext?
    if let certificate, let privateKey {
      tls = try TLSContext(certificate: certificate, privateKey: privateKey)
    }
    let simulation = Simulation(
      Options(
        wordsPerSecond: wordsPerSecond, words: words, firstEventDelayMilliseconds: firstEventDelay,
        key: key, scripts: script, isQuiet: quiet))
    let listener = try Listener(address)
    try Thread.start { [tls] in listener.run(simulation, tls: tls) }
    if exitWithStdin { try Thread.start(Self.exitAtEndOfInput) }
    announce(listener.address, isSecure: tls != nil)
  }

  /// Writes the one line that says where to find the simulator.
  private func announce(_ address: LoopbackAddress, isSecure: Bool) {
    let url = "\(isSecure ? "https" : "http")://\(address.text)/v1"
    let line = RawJSON.object { writer in
      writer.member("simulator", "halley-simulator")
      writer.member("base_url", url)
    }
    let bytes = Array(line.bytes) + [UInt8(ascii: "\n")]
    _ = unsafe write(STDOUT_FILENO, bytes, bytes.count)
  }

  private static func exitAtEndOfInput() {
    var buffer = [UInt8](repeating: 0, count: 256)
    let capacity = buffer.count
    while true {
      let length = unsafe read(STDIN_FILENO, &buffer, capacity)
      if length == 0 || (length < 0 && errno != EINTR) { _exit(EXIT_SUCCESS) }
    }
  }
}
