import ArgumentParser
import Client

/// `halley open`: the daemon's page in a browser.
struct Open: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "open",
    abstract: "Open the daemon's page in a browser: what runs, what it costs, how upstreams are.",
    discussion: """
      The browser gets a file of yours that leads it there, with a code that works once and for a \
      minute. $BROWSER names the program, else xdg-open finds it.
      """)

  @Flag(name: .customLong("print"), help: "Print the address with the code, and start nothing.")
  var printsAddress = false

  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let face = try HTTPFace(asking: daemon.connect())
    let page = try face.page()
    let stdout = StandardStream(StandardStream.outputDescriptor)
    guard !printsAddress, let file = RedirectFile(to: page.address) else { return try show(page) }
    guard Browser.open(file.path) else {
      file.remove()
      return try show(page)
    }
    file.removeLater()
    try stdout.write("\(page.url)\n")
  }

  /// Leaves it to the user to take the address to a browser.
  private func show(_ page: HTTPFace.Page) throws(Failure) {
    try StandardStream(StandardStream.errorDescriptor).write(
      "halley: \(printsAddress ? "" : "no browser could be started; ")open this address within "
        + "\(page.seconds) seconds, once\n")
    try StandardStream(StandardStream.outputDescriptor).write("\(page.address)\n")
  }
}
