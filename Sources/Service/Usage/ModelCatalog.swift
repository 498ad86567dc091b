internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Store
internal import Wire

/// The models that the upstreams offer (`GET /models`), kept for an hour.
@EventLoop
final class ModelCatalog {
  private static let freshness: Duration = .seconds(3600)
  /// The largest gateways list a few thousand models in under a megabyte.
  private static let maximumBytes = 16 << 20
  private static let timeout: Duration = .seconds(30)

  private(set) var known: [String: (models: [RawJSON], at: LoopInstant)] = [:]
  /// The upstreams that are asked for a list which nobody waits for to the end.
  var asked: [String: Promise<Void>] = [:]
  /// When an upstream failed to list its models.
  var failed: [String: LoopInstant] = [:]

  private let ledger: UsageLedger

  init(ledger: UsageLedger) {
    self.ledger = ledger
  }

  func forget() {
    known = [:]
    failed = [:]
  }

  /// The API's list of the models of some upstreams that a caller may ask for. An upstream that cannot be asked is left out
  /// and named, unless none can.
  func list(
    _ upstreams: [Upstream], as caller: Caller, _ services: UpstreamServices, refresh: Bool
  ) async -> Result<RawJSON, RPCError> {
    let (lists, errors) = await ask(upstreams, caller.principal.subject, services, refresh)
    let failures = errors.map { (upstream: $0.upstream, error: $0.error.told(to: caller)) }
    if lists.isEmpty, let failure = failures.first { return .failure(failure.error) }
    let seen = lists.map { list in
      let models = list.models.filter { model in
        caller.grant?.allows(model: model["id"]?.string ?? "") ?? true
      }
      return (list.upstream, models)
    }
    return .success(json(seen, failures))
  }

  /// One model of the first upstream that has it; `not_found` names those that could not be asked.
  func retrieve(
    _ name: String, from upstreams: [Upstream], as subject: Subject, _ services: UpstreamServices
  ) async -> Result<RawJSON, RPCError> {
    let (lists, failures) = await ask(upstreams, subject, services, false)
    for list in lists {
      if let model = list.models.first(where: { $0["id"]?.string == name }) {
        return .success(model.setting("halley", to: origin(of: model, list.upstream)))
      }
    }
    if lists.isEmpty, let failure = failures.first { return .failure(failure.error) }
    let silent = failures.map(\.upstream).joined(separator: ", ")
    let names = lists.flatMap { $0.models.compactMap { $0["id"]?.string } }
    var error = RPCError(
      .notFound,
      "there is no model \(RawJSON.string(name).excerpt)"
        + (silent.isEmpty ? "" : "; could not ask \(silent)"),
      details: [("param", .string("model"))])
    if let near = closest(to: name, among: names) {
      error.details.append(("did_you_mean", .string(near)))
    }
    return .failure(error)
  }

  private func ask(
    _ upstreams: [Upstream], _ subject: Subject, _ services: UpstreamServices, _ refresh: Bool
  ) async -> (
    lists: [(upstream: String, models: [RawJSON])], failures: [(upstream: String, error: RPCError)]
  ) {
    var lists: [(upstream: String, models: [RawJSON])] = []
    var failures: [(upstream: String, error: RPCError)] = []
    for upstream in upstreams {
      do throws(CallFailure) {
        lists.append((upstream.name, try await models(of: upstream, subject, services, refresh)))
      } catch {
        failures.append((upstream.name, error.error))
      }
    }
    return (lists, failures)
  }

  func models(
    of upstream: Upstream, _ subject: Subject, _ services: UpstreamServices, _ refresh: Bool
  ) async throws(CallFailure) -> [RawJSON] {
    if !refresh, isFresh(upstream.name), let entry = known[upstream.name] { return entry.models }
    let request = JSONRequest(
      maximumBytes: Self.maximumBytes, timeout: Self.timeout, expected: "a list of models",
      isExpected: { list in
        guard let entries = Self.entries(list) else { return false }
        return entries.isEmpty || entries.contains(where: Self.isModel)
      },
      http: { UpstreamRequest.get("/models", $0, key: $1) })
    let list = try await upstream.fetch(request, as: subject, services)
    let models = Self.entries(list)?.filter(Self.isModel) ?? []
    known[upstream.name] = (models, EventLoop.now)
    return models
  }

  func isFresh(_ upstream: String) -> Bool {
    known[upstream].map { EventLoop.now - $0.at < Self.freshness } ?? false
  }

  private static func entries(_ list: RawJSON) -> [RawJSON]? {
    let data = list["data"] ?? list
    return data.kind == .array ? data.elements : nil
  }

  private static func isModel(_ entry: RawJSON) -> Bool {
    entry["id"]?.string?.isEmpty == false
  }

  private func json(
    _ lists: [(upstream: String, models: [RawJSON])],
    _ failures: [(upstream: String, error: RPCError)]
  ) -> RawJSON {
    let entries = lists.flatMap { list in
      list.models.map { model in
        model.setting("halley", to: origin(of: model, list.upstream))
      }
    }
    return .object { result in
      result.member("object", "list")
      result.key("data")
      result.array { for entry in entries { $0.value(entry) } }
      result.member("first_id", entries.first?["id"] ?? .null)
      result.member("last_id", entries.last?["id"] ?? .null)
      result.member("has_more", false)
      guard !failures.isEmpty else { return }
      result.key("halley")
      result.object { halley in
        halley.key("failed")
        halley.object {
          for failure in failures { $0.member(failure.upstream, failure.error.json) }
        }
      }
    }
  }

  /// Where a model is had, and what it costs where that is known.
  func origin(of model: RawJSON, _ upstream: String) -> RawJSON {
    let name = model["id"]?.string ?? ""
    let price = ledger.price(of: name, named: name, at: upstream)
    return .object { origin in
      origin.member("upstream", upstream)
      guard let price else { return }
      origin.key("price")
      origin.object { members in
        members.member("input", price.input.json)
        if let cached = price.cachedInput { members.member("cached_input", cached.json) }
        members.member("output", price.output.json)
      }
    }
  }
}
