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
    let best =
      if let explicit {
        bestGlob(of: try requireUpstream(explicit), for: model)
      } else {
        bestMatch(for: model)
      }
    let upstream =
      if let best { best.upstream } else { try requireUpstream(explicit ?? defaultUpstream) }
    guard upstream.stripPrefix, let glob = best?.glob, glob.hasWildcards else {
      return Route(upstream: upstream, model: model)
    }
    let rest = model.unicodeScalars.dropFirst(glob.literalPrefix.unicodeScalars.count)
    return Route(upstream: upstream, model: rest.isEmpty ? model : String(rest))
  }

  /// Chooses only the upstream; see `route(forModel:explicit:)`.
  package func upstream(
    forModel model: String, explicit: String? = nil
  ) throws(UnknownNameError) -> UpstreamConfiguration {
    try route(forModel: model, explicit: explicit).upstream
  }

  private typealias Match = (upstream: UpstreamConfiguration, glob: Glob)

  private func bestMatch(for model: String) -> Match? {
    var best: Match?
    for isDefault in [true, false] {
      for upstream in upstreams where (upstream.name == defaultUpstream) == isDefault {
        guard let found = bestGlob(of: upstream, for: model) else { continue }
        guard best.map({ $0.glob.specificity < found.glob.specificity }) ?? true else { continue }
        best = found
      }
    }
    return best
  }

  private func bestGlob(of upstream: UpstreamConfiguration, for model: String) -> Match? {
    var best: Glob?
    for glob in globs(of: upstream) where glob.matches(model) {
      if best.map({ $0.specificity < glob.specificity }) ?? true { best = glob }
    }
    return best.map { (upstream, $0) }
  }

  private static let any = [Glob("*")]

  /// The default upstream takes every model unless it says which.
  private func globs(of upstream: UpstreamConfiguration) -> [Glob] {
    upstream.models.isEmpty && upstream.name == defaultUpstream ? Self.any : upstream.models
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
