package import Configuration
package import EventLoop
package import JSON
package import Wire

/// Asks the plugins about requests, and tells them what became of them.
@EventLoop
package final class Hooks {
  private let plugins: PluginSet

  package init(_ plugins: PluginSet) {
    self.plugins = plugins
  }

  /// Whether no plugin has a hook of a kind, so that nothing need be prepared for it.
  package func isEmpty(_ hook: PluginConfiguration.Hook) -> Bool {
    plugins.plugins(with: hook).isEmpty
  }

  // MARK: Deciding

  /// Lets each plugin in turn leave a request, replace it or refuse it.
  ///
  /// - Parameter body: what will be sent; an object.
  /// - Returns: what is to be sent instead; a valid create request.
  package func request(
    _ body: RawJSON, _ context: HookContext
  ) async throws(RPCError) -> RawJSON {
    var body = body
    for plugin in plugins.plugins(with: .request) {
      let now = body
      let params = context.params { $0.member("request", now) }
      let replacement = try await decide(.request, plugin, params, "request") {
        (found) throws(HookFailure) in try Self.checkRequest(found)
      }
      body = replacement ?? body
    }
    return body
  }

  /// Lets each plugin in turn leave the arguments of a tool call, replace them or refuse the call.
  package func toolCall(
    tool: String, arguments: RawJSON, context: HookContext
  ) async throws(RPCError) -> RawJSON {
    var arguments = arguments
    for plugin in plugins.plugins(with: .toolCall) {
      let now = arguments
      let params = context.params {
        $0.member("tool", tool)
        $0.member("arguments", now)
      }
      let replacement = try await decide(.toolCall, plugin, params, "arguments") { _ in }
      arguments = replacement ?? arguments
    }
    return arguments
  }

  /// Why the result of a hook is of no use.
  private struct HookFailure: Error {
    let detail: String
    var error: PluginError?
  }

  /// Calls a hook and returns its replacement, where it has one.
  private func decide(
    _ hook: PluginConfiguration.Hook, _ plugin: Plugin, _ params: RawJSON, _ member: String,
    check: (RawJSON) throws(HookFailure) -> Void
  ) async throws(RPCError) -> RawJSON? {
    let verdict: Verdict
    do throws(HookFailure) {
      verdict = try Self.verdict(try await result(of: hook, plugin, params), member)
      if case .replace(let replacement) = verdict { try check(replacement) }
    } catch {
      try failed(plugin, hook, error)
      return nil
    }
    switch verdict {
    case .leave: return nil
    case .replace(let replacement): return replacement
    case .deny(let reason): throw .hookDenied(plugin.name, hook, reason)
    }
  }

  private func result(
    of hook: PluginConfiguration.Hook, _ plugin: Plugin, _ params: RawJSON
  ) async throws(HookFailure) -> RawJSON {
    do throws(PluginError) {
      return try await plugin.call(hook.method, params, limit: plugin.configuration.timeout)
    } catch {
      throw HookFailure(detail: error.message, error: error)
    }
  }

  /// Ends the request, or lets it go on without the hook, as the plugin's `on_failure` says.
  private func failed(
    _ plugin: Plugin, _ hook: PluginConfiguration.Hook, _ failure: HookFailure
  ) throws(RPCError) {
    let isAllowed = plugin.configuration.onFailure == .allow
    if !Task.isCancelled {
      let what = isAllowed ? "went on without it" : "was refused"
      let told = failure.error?.told ?? failure.detail
      plugin.hookFailed(
        "\(told) (\(hook.method)); the \(hook.subject) \(what)", words: failure.error?.words)
    }
    guard isAllowed else { throw .pluginFailed(plugin.name, hook, failure.detail) }
  }

  private enum Verdict {
    case leave
    case replace(RawJSON)
    case deny(String)
  }

  private static func verdict(
    _ result: RawJSON, _ member: String
  ) throws(HookFailure) -> Verdict {
    guard result.kind == .object else {
      throw HookFailure(detail: "answered with something that is no object")
    }
    if let reason = result["deny"] {
      guard let text = reason.string else {
        throw HookFailure(detail: "answered with a \"deny\" that is no text")
      }
      return .deny(PluginText.shown(text.utf8))
    }
    guard let replacement = result[member] else {
      guard result.members.isEmpty else {
        throw HookFailure(detail: "answered with neither \"\(member)\" nor \"deny\"")
      }
      return .leave
    }
    guard replacement.kind == .object else {
      throw HookFailure(detail: "answered with a \"\(member)\" that is no object")
    }
    do throws(JSONError) {
      return .replace(try RawJSON(parsing: replacement.bytes, limits: .replacement))
    } catch {
      let reason = PluginText.shown(error.message.utf8)
      throw HookFailure(detail: "answered with a \"\(member)\" that is not plain: \(reason)")
    }
  }

  /// What replaces a request is held against the same rules; `halley` is no part of what is sent.
  private static func checkRequest(_ body: RawJSON) throws(HookFailure) {
    guard body["halley"] == nil else {
      throw HookFailure(detail: "replaced the request by one with a member \"halley\"")
    }
    do throws(RPCError) {
      _ = try CreateRequest(params: body)
    } catch {
      throw HookFailure(
        detail: "replaced the request by one that is not valid: \(error.message)")
    }
  }

  // MARK: Observing

  /// Tells of a response that has ended.
  ///
  /// - Parameter onMetadata: takes the members that a plugin adds to the response's metadata.
  package func response(
    request: RawJSON, response: RawJSON, context: HookContext,
    onMetadata: @escaping (_ plugin: String, RawJSON) -> Void = { _, _ in }
  ) {
    observe(.response, context) {
      $0.member("request", request)
      $0.member("response", response)
    } onResult: { plugin, result in
      guard let metadata = result.nonNull("metadata") else { return }
      do throws(RPCError) {
        try Rule.metadata.check(metadata, "metadata")
        onMetadata(plugin.name, metadata)
      } catch {
        plugin.hookFailed("answered with metadata that is not valid: \(error.message)")
      }
    }
  }

  /// Tells what a response used.
  ///
  /// - Parameter usage: an object; its members stand among the params.
  package func usage(_ usage: RawJSON, context: HookContext) {
    observe(.usage, context) { params in
      for member in usage.members { params.member(member.key, member.value) }
    }
  }

  /// Tells of a request that failed.
  package func error(_ error: RawJSON, context: HookContext) {
    observe(.error, context) { $0.member("error", error) }
  }

  private func observe(
    _ hook: PluginConfiguration.Hook, _ context: HookContext,
    _ members: (inout JSONWriter) -> Void,
    onResult: @escaping (Plugin, RawJSON) -> Void = { _, _ in }
  ) {
    let observers = plugins.plugins(with: hook)
    guard !observers.isEmpty else { return }
    let params = context.params(members)
    for plugin in observers {
      plugin.observations.add(
        HookQueue.Observation(hook: hook, params: params) { [unowned plugin] in
          onResult(plugin, $0)
        })
    }
  }
}

extension RPCError {
  fileprivate static func hookDenied(
    _ plugin: String, _ hook: PluginConfiguration.Hook, _ reason: String
  ) -> RPCError {
    RPCError(
      .hookDenied, "plugin \(plugin) denied the \(hook.subject): \(reason)",
      details: [("plugin", .string(plugin)), ("reason", .string(reason))])
  }

  fileprivate static func pluginFailed(
    _ plugin: String, _ hook: PluginConfiguration.Hook, _ detail: String
  ) -> RPCError {
    RPCError(
      .pluginFailed, "plugin \(plugin) \(detail) (\(hook.method))",
      details: [("plugin", .string(plugin)), ("detail", .string(detail))])
  }
}

extension PluginConfiguration.Hook {
  /// What it decides about.
  fileprivate var subject: String { self == .toolCall ? "tool call" : "request" }
}

extension JSONLimits {
  /// A replacement may be larger than what a client sends, and keeps to the other limits.
  fileprivate static let replacement: JSONLimits = {
    var limits = JSONLimits.relayed
    limits.allowsDuplicateKeys = false
    limits.allowsLoneSurrogates = false
    return limits
  }()
}
