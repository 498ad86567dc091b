internal import Wire

extension Glob {
  /// Orders globs that match the same name: the longer the literal prefix, the more specific; a
  /// name without wildcards beats all.
  package struct Specificity: Comparable {
    let isExact: Bool
    let prefixBytes: Int
    let literalBytes: Int

    package static func < (left: Specificity, right: Specificity) -> Bool {
      (left.isExact ? 1 : 0, left.prefixBytes, left.literalBytes)
        < (right.isExact ? 1 : 0, right.prefixBytes, right.literalBytes)
    }
  }

  package var specificity: Specificity {
    let wildcards = "*?".utf8
    return Specificity(
      isExact: !hasWildcards, prefixBytes: literalPrefix.utf8.count,
      literalBytes: pattern.utf8.count { !wildcards.contains($0) })
  }
}

/// Where a request goes, and under which name of the model.
package struct Route: Sendable, Equatable {
  package let upstream: UpstreamConfiguration
  /// As the upstream knows it.
  package let model: String
}

/// Says that a name of an upstream or profile leads nowhere.
package struct UnknownNameError: Error, Equatable, Sendable {
  /// `upstream` or `profile`.
  package let kind: String
  package let name: String
  package let suggestion: String?
  package let known: [String]

  package var message: String { "no \(kind) is named \"\(name)\"" }

  /// What to do about it.
  package var hint: String {
    if let suggestion { return "did you mean \"\(suggestion)\"?" }
    if known.isEmpty { return "define [\(kind)s.\(name)] in config.toml" }
    return "known are: \(known.joined(separator: ", "))"
  }
}

extension Configuration {
  /// Chooses the upstream for a request.
  ///
  /// The most specific glob wins; of two that are equally specific the default upstream's, then
  /// the one defined first. A model that no glob matches goes to the default upstream.
  ///
  /// - Parameter explicit: the name of an upstream that the request or its profile asks for.
  package func route(
    forModel model: String, explicit: String? = nil
  ) throws(UnknownNameError) -> Route {
    let way = try way(forModel: model, explicit: explicit)
    return Route(upstream: upstreams[way.index], model: way.model)
  }

  /// The same, with the place of the upstream among all instead of a copy.
  package func way(
    forModel model: String, explicit: String? = nil
  ) throws(UnknownNameError) -> (index: Int, model: String) {
    let best: Match?
    if let explicit {
      let index = try requireIndex(explicit)
      best = bestGlob(of: index, for: model).map { (index, $0) }
    } else {
      best = bestMatch(for: model)
    }
    let index = if let best { best.index } else { try requireIndex(explicit ?? defaultUpstream) }
    guard upstreams[index].stripPrefix, let glob = best?.glob, glob.hasWildcards else {
      return (index, model)
    }
    let rest = model.unicodeScalars.dropFirst(glob.literalPrefix.unicodeScalars.count)
    return (index, rest.isEmpty ? model : String(rest))
  }

  /// Chooses only the upstream; see `route(forModel:explicit:)`.
  package func upstream(
    forModel model: String, explicit: String? = nil
  ) throws(UnknownNameError) -> UpstreamConfiguration {
    try route(forModel: model, explicit: explicit).upstream
  }

  private typealias Match = (index: Int, glob: Glob)

  private func bestMatch(for model: String) -> Match? {
    var best: Match?
    let standard = index(ofUpstream: defaultUpstream)
    if let standard, let found = bestGlob(of: standard, for: model) { best = (standard, found) }
    for index in upstreams.indices where index != standard {
      guard let found = bestGlob(of: index, for: model),
        best.map({ $0.glob.specificity < found.specificity }) ?? true
      else { continue }
      best = (index, found)
    }
    return best
  }

  private func bestGlob(of index: Int, for model: String) -> Glob? {
    var best: Glob?
    for glob in globs(of: index) where glob.matches(model) {
      if best.map({ $0.specificity < glob.specificity }) ?? true { best = glob }
    }
    return best
  }

  private static let any = [Glob("*")]

  /// The default upstream takes every model unless it says which.
  private func globs(of index: Int) -> [Glob] {
    let models = upstreams[index].models
    return models.isEmpty && upstreams[index].name == defaultUpstream ? Self.any : models
  }

  private func index(ofUpstream name: String) -> Int? {
    for index in upstreams.indices where upstreams[index].name == name { return index }
    return nil
  }

  private func requireIndex(_ name: String) throws(UnknownNameError) -> Int {
    if let index = index(ofUpstream: name) { return index }
    return try require(nil, "upstream", name, among: upstreams.map(\.name))
  }

  /// The name by which a request reaches a model that an upstream knows; nil where there is none.
  package func name(of model: String, at upstream: String) -> String? {
    let prefixes = self.upstream(named: upstream).map { found in
      found.stripPrefix ? found.models.filter(\.hasWildcards).map(\.literalPrefix) : []
    }
    return ([""] + (prefixes ?? [])).map { $0 + model }.first { name in
      do throws(UnknownNameError) {
        let route = try route(forModel: name)
        return route.upstream.name == upstream && route.model == model
      } catch {
        return false
      }
    }
  }

  /// Returns the upstream that a request asks for.
  package func requireUpstream(_ name: String) throws(UnknownNameError) -> UpstreamConfiguration {
    try require(upstream(named: name), "upstream", name, among: upstreams.map(\.name))
  }

  /// Returns the profile that a request asks for.
  package func requireProfile(_ name: String) throws(UnknownNameError) -> ProfileConfiguration {
    try require(profile(named: name), "profile", name, among: profiles.map(\.name))
  }

  private func require<Found>(
    _ found: Found?, _ kind: String, _ name: String, among known: [String]
  ) throws(UnknownNameError) -> Found {
    if let found { return found }
    throw UnknownNameError(
      kind: kind, name: name, suggestion: closest(to: name, among: known), known: known)
  }
}
