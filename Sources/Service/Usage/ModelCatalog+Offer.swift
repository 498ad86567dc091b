internal import Configuration
internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// What a client of the API may name as a model, whichever of the upstreams answer.
extension ModelCatalog {
  /// How long an upstream is waited for; what it says later is in the next list.
  private static let patience: Duration = .seconds(2)
  /// An upstream that failed is left alone for so long.
  private static let pause: Duration = .seconds(30)

  /// What an offer is made from.
  struct Market {
    let configuration: Configuration
    let upstreams: [Upstream]
    let caller: Caller
    let services: UpstreamServices
  }

  /// The API's list: the models that upstreams list, under the names by which they are reached here,
  /// and those that the configuration names.
  func offer(_ market: Market) async -> RawJSON {
    await ask(market)
    let models = models(of: market)
    return .object {
      $0.member("object", "list")
      $0.member("data", .array(models))
    }
  }

  /// One model of the list.
  func offered(_ name: String, of market: Market) async -> Result<RawJSON, RPCError> {
    await ask(market)
    let models = models(of: market)
    if let model = models.first(where: { $0["id"]?.string == name }) { return .success(model) }
    let silent = market.upstreams.map(\.name).filter { known[$0] == nil }.joined(separator: ", ")
    var error = RPCError(
      .notFound,
      "there is no model \(RawJSON.string(name).excerpt)"
        + (silent.isEmpty ? "" : "; could not ask \(silent)"),
      details: [("param", .string("model"))])
    if let near = closest(to: name, among: models.compactMap { $0["id"]?.string }) {
      error.details.append(("did_you_mean", .string(near)))
    }
    return .failure(error)
  }

  // MARK: Asking

  /// Asks those upstreams whose models are not known, all at once.
  private func ask(_ market: Market) async {
    let waiting = market.upstreams.compactMap { ask($0, market) }
    guard !waiting.isEmpty else { return }
    let answered = Promise<Void>()
    EventLoop.start {
      for promise in waiting { await promise.wait() }
      answered.resolve(())
    }
    EventLoop.start {
      await EventLoop.sleep(for: Self.patience)
      answered.resolve(())
    }
    await answered.wait()
    for upstream in market.upstreams where asked[upstream.name] != nil {
      failed[upstream.name] = EventLoop.now
    }
  }

  /// - Returns: what is kept when the upstream has answered; nil where it need not be asked.
  private func ask(_ upstream: Upstream, _ market: Market) -> Promise<Void>? {
    let name = upstream.name
    if let at = failed[name], EventLoop.now - at < Self.pause { return nil }
    if let promise = asked[name] { return promise }
    guard !isFresh(name) else { return nil }
    let promise = Promise<Void>()
    asked[name] = promise
    EventLoop.start { [self] in
      do throws(CallFailure) {
        _ = try await models(of: upstream, market.caller.principal.subject, market.services, false)
        failed[name] = nil
      } catch {
        failed[name] = EventLoop.now
      }
      asked[name] = nil
      promise.resolve(())
    }
    return promise
  }

  // MARK: Putting together

  private func models(of market: Market) -> [RawJSON] {
    var (models, names): ([RawJSON], Set<String>) = ([], [])
    func add(_ name: String, _ model: RawJSON, _ upstream: String) {
      guard market.caller.grant?.allows(model: name) ?? true, names.insert(name).inserted else {
        return
      }
      models.append(
        model.setting("id", to: .string(name))
          .setting("halley", to: origin(of: model, upstream)))
    }
    for upstream in market.upstreams {
      for model in known[upstream.name]?.models ?? [] {
        guard let listed = model["id"]?.string,
          let name = market.configuration.name(of: listed, at: upstream.name)
        else { continue }
        add(name, model, upstream.name)
      }
    }
    for name in named(by: market.configuration) {
      guard let upstream = upstream(of: name, market.configuration) else { continue }
      add(
        name,
        .object {
          $0.member("id", name)
          $0.member("object", "model")
          $0.member("created", 0)
          $0.member("owned_by", upstream)
        }, upstream)
    }
    return models
  }

  /// The names that the configuration vouches for; those of prices and defaults only where the
  /// upstream does not say itself what it has.
  private func named(by configuration: Configuration) -> [String] {
    let routed = configuration.upstreams.flatMap { $0.models }.filter { !$0.hasWildcards }
    let priced = configuration.prices.map(\.model).filter { !$0.hasWildcards }.map(\.pattern)
    let defaults =
      [configuration.http.defaultModel, configuration.defaultModel]
      .compactMap { $0 } + configuration.profiles.compactMap(\.model)
    return routed.map(\.pattern)
      + (defaults + priced).filter { name in
        upstream(of: name, configuration).map { known[$0] == nil } ?? false
      }
  }

  private func upstream(of name: String, _ configuration: Configuration) -> String? {
    do throws(UnknownNameError) {
      return try configuration.upstream(forModel: name).name
    } catch {
      return nil
    }
  }
}
