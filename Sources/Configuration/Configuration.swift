/// Everything that config.toml, its drop-ins, the environment and the flags say, checked.
///
/// A running request keeps the value that it started with; a reload makes a new one.
package struct Configuration: Sendable {
  package var defaultUpstream = UpstreamConfiguration.builtInName
  package var defaultModel = "gpt-5.4"
  /// Other names for models, by name: `[aliases]`.
  package var aliases: [String: String] = [:]
  /// In order of definition; never empty, and the default is among them.
  package var upstreams = [UpstreamConfiguration.builtIn]
  /// In order of definition, as are plugins and prices.
  package var profiles: [ProfileConfiguration] = []
  package var plugins: [PluginConfiguration] = []
  package var sockets: [SocketConfiguration] = []
  package var prices: [PriceConfiguration] = []
  package var cache = CacheConfiguration()
  package var budgets = BudgetsConfiguration()
  package var store = RetentionConfiguration()
  package var limits = LimitsConfiguration()
  package var log = LogConfiguration()
  package var http = HTTPConfiguration()
  package var paths: ConfigurationPaths
  /// The files that were read, the one that wins last.
  package var files: [String] = []
  /// What is odd but no reason to refuse, such as a `HALLEY_` variable that nobody knows.
  package var warnings: [String] = []
  /// Every setting with where it comes from, for `show`.
  package var settings: [ConfigurationSetting] = []

  /// The configuration without any file or variable.
  package init(paths: ConfigurationPaths) {
    self.paths = paths
  }

  /// What nobody but the daemon has a use for: its state and its keys.
  package var privatePaths: [String] {
    let files = upstreams.flatMap { [$0.keySource, $0.proxy?.credentialSource] }
      .compactMap { if case .file(let path)? = $0 { path } else { nil as String? } }
    return [paths.stateDirectory, paths.keysDirectory] + files
  }

  /// The model that a name stands for: an alias's, else the name itself.
  package func model(named name: String) -> String { aliases[name] ?? name }

  package func upstream(named name: String) -> UpstreamConfiguration? {
    upstreams.first { $0.name == name }
  }

  package func profile(named name: String) -> ProfileConfiguration? {
    profiles.first { $0.name == name }
  }

  package func plugin(named name: String) -> PluginConfiguration? {
    plugins.first { $0.name == name }
  }

  /// Returns the price that fits a model best; nil where none is configured.
  package func price(forModel model: String) -> PriceConfiguration? {
    prices.price(forModel: model)
  }
}

extension [PriceConfiguration] {
  /// Returns the price that fits a model best; nil where none does.
  package func price(forModel model: String) -> PriceConfiguration? {
    if isEmpty { return nil }
    return filter { $0.model.matches(model) }
      .max { $0.model.specificity < $1.model.specificity }
  }
}

/// One setting as `halley config show` prints it.
package struct ConfigurationSetting: Sendable, Equatable {
  /// The names of the tables around it, from the outermost.
  package let table: [String]
  package let key: String
  /// As TOML; never a secret.
  package let value: String
  package let origin: ConfigurationOrigin
}
