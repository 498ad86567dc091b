internal import JSON

/// `params.halley`: what a client asks of the daemon itself; it is never sent upstream.
package struct HalleyOptions: Sendable, Equatable {
  /// What the response cache may do for a request.
  package enum Cache: String, Sendable, CaseIterable {
    case `default`
    /// Asks again and replaces what is cached.
    case refresh
    /// Fails rather than ask.
    case only
    case off
  }

  /// What happens when the model calls a daemon-side tool.
  package enum Approval: String, Sendable, CaseIterable {
    case ask, allow, deny
  }

  /// What becomes of a response when its last reader leaves.
  package enum OnDisconnect: String, Sendable, CaseIterable {
    case cancel, finish
  }

  /// What happens to a request whose conversation is busy.
  package enum OnBusy: String, Sendable, CaseIterable {
    case queue, reject
  }

  package private(set) var upstream: String?
  package private(set) var profile: String?
  package private(set) var cache = Cache.default
  /// Names or globs of daemon-side tools.
  package private(set) var tools: [String] = []
  package private(set) var approval: Approval?
  /// Whether the response continues the last one of `scope`, which is then there.
  package private(set) var continuesScope = false
  /// A terminal or project; responses are remembered as the last of it also when they start afresh.
  package private(set) var scope: String?
  package private(set) var onDisconnect: OnDisconnect?
  package private(set) var onBusy = OnBusy.queue
  /// 1 to 128 bytes.
  package private(set) var idempotencyKey: String?
  /// `max_cost_usd` in billionths of a dollar; at least 1.
  package private(set) var maximumCostNanodollars: Int64?
  /// The time for the whole request; above zero.
  package private(set) var timeout: Duration?

  /// What a request without `halley` gets.
  package init() {}

  /// Reads `params.halley`.
  ///
  /// - Parameter json: what `Shape.halleyOptions` has let pass.
  init(checked json: RawJSON) {
    for member in json.members where !member.value.isNull { take(member.key, member.value) }
  }

  private mutating func take(_ key: String, _ value: RawJSON) {
    switch key {
    case "upstream": upstream = value.string
    case "profile": profile = value.string
    case "cache": cache = Self.word(value) ?? cache
    case "tools": tools = value.elements.compactMap(\.string)
    case "approval": approval = Self.word(value)
    case "continue": continuesScope = value.boolean ?? false
    case "scope": scope = value.string
    case "on_disconnect": onDisconnect = Self.word(value)
    case "on_busy": onBusy = Self.word(value) ?? onBusy
    case "idempotency_key": idempotencyKey = value.string
    case "max_cost_usd": maximumCostNanodollars = value.double.map { Int64($0 * 1e9) }
    case "timeout_s": timeout = value.double.map { .seconds($0) }
    default: break
    }
  }

  private static func word<Word: RawRepresentable<String>>(_ value: RawJSON) -> Word? {
    value.string.flatMap { Word(rawValue: $0) }
  }
}

extension Shape {
  static let halleyOptions = Shape(
    halleyRules,
    clauses: [
      Clause(
        [.not(.isTrue(["continue"])), .present(["scope"])], else: ["scope"],
        Rule.scope.refusal(of: "nothing").message)
    ], isOpen: false)

  private static let halleyRules: [String: Rule] = [
    "approval": .words(of: HalleyOptions.Approval.self),
    "cache": .words(of: HalleyOptions.Cache.self),
    "continue": .boolean,
    "idempotency_key": .text(1...128),
    // From what the smallest unit of money can say to what 64 bits of it can.
    "max_cost_usd": .number(1e-9...1e9),
    "on_busy": .words(of: HalleyOptions.OnBusy.self),
    "on_disconnect": .words(of: HalleyOptions.OnDisconnect.self),
    "profile": .nonEmptyString,
    "scope": .scope,
    // From a microsecond, the resolution of the loop's timers, to 30 years.
    "timeout_s": .number(1e-6...1e9),
    "tools": .array(of: .nonEmptyString),
    "upstream": .nonEmptyString,
  ]
}

extension Rule {
  /// 4096 lets the path of a project be its scope.
  fileprivate static let scope = Rule.text(1...4096)

  package static func words<Word: CaseIterable & RawRepresentable<String>>(
    of type: Word.Type
  ) -> Rule {
    .oneOf(type.allCases.map(\.rawValue))
  }
}
