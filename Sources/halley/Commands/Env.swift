import ArgumentParser
import Client

/// `halley env`: what points programs with an OpenAI SDK to the daemon.
struct Env: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "env",
    abstract: "Print OPENAI_BASE_URL and OPENAI_API_KEY for the daemon, for a shell to take.",
    discussion: """
      The daemon is asked which address it holds now. Where it holds none nothing is printed \
      (status 69): whoever else has the port then would get prompts and the key.

      EXAMPLES
        eval "$(halley env)"            bash, zsh and others
        halley env --fish | source      fish
      """)

  @Flag(help: "As fish has it.")
  var fish = false

  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let face = try HTTPFace(asking: daemon.connect())
    let values = [
      ("OPENAI_BASE_URL", try face.baseURL()), ("OPENAI_API_KEY", try face.token()),
    ]
    let lines =
      fish
      ? values.map { "set -gx \($0.0) \(ShellText.fish($0.1))\n" }.joined()
      : "export " + values.map { "\($0.0)=\(ShellText.posix($0.1))" }.joined(separator: " ") + "\n"
    try StandardStream(StandardStream.outputDescriptor).write(lines)
  }
}
