import ArgumentParser
import Client

extension Config {
  /// `halley config path`
  struct Path: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "path", abstract: "Print where config.toml of the daemon in use is.")

    @OptionGroup var file: ConfigurationFile

    func run() throws {
      let place = try DaemonInUse().place(file.config)
      try StandardStream(StandardStream.outputDescriptor).write(place.path + "\n")
    }
  }

  /// `halley config init`
  struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "init",
      abstract: "Write a config.toml in which every line is an explained example.")

    @OptionGroup var file: ConfigurationFile

    func run() throws {
      let place = try DaemonInUse().place(file.config)
      guard !AbsolutePath.isThere(place.path) else {
        throw Failure.usage(
          "\(place.path) is there already", advice: "open it with: halley config edit")
      }
      try place.write(String(decoding: PackageResources.config_toml, as: UTF8.self))
      try StandardStream(StandardStream.outputDescriptor).write(place.path + "\n")
    }
  }

  /// `halley config edit`
  struct Edit: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "edit", abstract: "Open config.toml in $EDITOR, and check it then.")

    @OptionGroup var file: ConfigurationFile

    func run() throws {
      let place = try DaemonInUse().place(file.config)
      if !AbsolutePath.isThere(place.path) {
        try place.write(String(decoding: PackageResources.config_toml, as: UTF8.self))
      }
      try TextEditor.open(place.path)
      throw Program.replace(with: "halleyd", ["--check-config", "--config", place.path])
    }
  }

  /// `halley config set`
  struct Set: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "set",
      abstract: "Set a value in config.toml, and leave all else as it stands.",
      discussion: """
        What is wrong is not written. The daemon takes it over when it is reloaded.

        EXAMPLES
          halley config set default_model gpt-5.4-mini
          halley config set aliases.mini gpt-5.4-mini
          halley config set upstreams.local.base_url http://127.0.0.1:8080/v1
          halley config set cache.ttl 12h
        """)

    @Argument(help: "The key, as in default_model or upstreams.local.base_url.")
    var key: String

    @Argument(help: "The value; what is no number, truth or TOML is a text.")
    var value: String

    @OptionGroup var file: ConfigurationFile

    func run() throws {
      guard let path = TOMLFile.path(key) else {
        throw Failure.usage(
          "\"\(key)\" is no key", advice: "as in default_model or prices.\"gpt-5.4\".input")
      }
      let place = try DaemonInUse().place(file.config)
      if let other = try place.override(path) {
        throw Failure(
          .configuration, "\(key) stands in \(other), which wins over \(place.path)",
          advice: "set it there: halley config set --config \(other) …")
      }
      let old = try place.read()
      let wasWrong = AbsolutePath.isThere(place.path) && Self.complaint(place.path) != nil
      var toml = TOMLFile(old)
      try toml.set(path, to: TOMLFile.value(value))
      try place.write(toml.text)
      guard !wasWrong, let complaint = Self.complaint(place.path) else { return }
      try place.write(old)
      throw Failure(.configuration, "\(key) was not set: \(complaint)")
    }

    /// What the daemon has against a file; nil where it has nothing, or is not installed.
    private static func complaint(_ path: String) -> String? {
      guard let check = Program.check("halleyd", ["--check-config", "--config", path]),
        check.status != 0
      else { return nil }
      return String(decoding: check.bytes, as: UTF8.self)
    }
  }
}
