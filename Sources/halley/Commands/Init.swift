import ArgumentParser
import Client

/// `halley init`: what makes a shell's command line ask.
struct Init: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Print the integration for a shell: keys and functions.",
    discussion: """
      Alt-I turns what is on the command line, words or a half-written command, into a command, and \
      never runs it. Alt-Shift-I explains what is on the line. The functions are ai (ask), aic \
      (continue in this terminal), explain (the last command) and git-ai-commit. The array \
      halley_options holds options for all of them, such as -m MODEL.

      EXAMPLES
        eval "$(halley init bash)"                 in ~/.bashrc
        eval "$(halley init zsh --key alt-k)"      in ~/.zshrc
        halley init fish | source                  in ~/.config/fish/config.fish
      """)

  @Argument(help: "The shell: bash, zsh or fish.")
  var shell: Shell

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Bind this key instead of alt-i, as in alt-k or ctrl-g. It explains with Shift, a Ctrl key with Alt."
    ))
  var key: String?

  @Flag(name: .customLong("no-bind"), help: "Bind no keys; the functions alone.")
  var bindsNothing = false

  func validate() throws {
    if key != nil, bindsNothing { throw ValidationError("--key and --no-bind can't both be given") }
  }

  func run() throws {
    let chosen = try ShellKey(key ?? "alt-i")
    try StandardStream(StandardStream.outputDescriptor).write(
      shell.integration(key: bindsNothing ? nil : chosen))
  }
}
