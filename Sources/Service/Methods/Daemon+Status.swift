internal import Configuration
internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Store
internal import Wire

extension Daemon {
  /// The result of `daemon.status`: operators see everybody's clients and responses, others their
  /// own.
  func status(for caller: Caller) -> RawJSON {
    let (principal, seesAll) = (caller.principal, caller.isOperator)
    return .object { status in
      status.member("version", Version.text)
      status.member("uptime_s", (EventLoop.now - started).components.seconds)
      status.member("draining", isDraining)
      status.key("configuration")
      status.object(writeConfiguration)
      status.key("pool")
      status.object {
        $0.member("connections", http.openConnections)
        $0.member("connections_opened", http.connectionsOpened)
        $0.member("transfers", http.runningTransfers)
      }
      status.key("upstreams")
      status.array { for upstream in configuration.upstreams { write(upstream, &$0) } }
      status.key("profiles")
      status.array { for profile in configuration.profiles { write(profile, &$0) } }
      status.key("clients")
      status.object { writeClients(&$0) { seesAll || principal.sees($0) } }
      status.key("http")
      status.object(writeHTTP)
      status.key("store")
      status.object(writeStore)
      status.key("cache")
      status.object {
        $0.member("enabled", cache.configuration.isEnabled)
        $0.member("hits", cache.counters.hits)
        $0.member("misses", cache.counters.misses)
        $0.member("joined", cache.counters.joined)
      }
      status.key("responses")
      status.array {
        for run in registry.running.values where seesAll || principal.sees(run.principal) {
          write(run, &$0)
        }
      }
    }
  }

  private func writeConfiguration(_ writer: inout JSONWriter) {
    writer.member("default_model", configuration.defaultModel)
    writer.key("aliases")
    writer.object { aliases in
      for (name, model) in configuration.aliases.sorted(by: { $0.key < $1.key }) {
        aliases.member(name, model)
      }
    }
    writer.key("files")
    writer.array { for file in configuration.files { $0.string(file) } }
    writer.key("errors")
    writer.array {
      for error in findings?.errors ?? [] { $0.string(error.description) }
    }
    writer.key("warnings")
    writer.array { for warning in configuration.warnings { $0.string(warning) } }
  }

  private func write(_ configuration: UpstreamConfiguration, _ writer: inout JSONWriter) {
    guard let upstream = upstreams[configuration.name] else { return }
    let key = keys.origin(of: configuration)
    writer.object {
      $0.member("name", upstream.name)
      $0.member("base_url", configuration.baseURL)
      $0.member("key", key.text)
      if let file = key.file { $0.member("key_file", file) }
      $0.member("breaker", upstream.breakerName)
      $0.member("running", upstream.running)
      $0.member("queued", upstream.queued)
      $0.member("succeeded", upstream.succeeded)
      $0.member("failed", upstream.failed)
      if let error = upstream.lastError { $0.member("last_error", error.message) }
    }
  }

  private func write(_ profile: ProfileConfiguration, _ writer: inout JSONWriter) {
    writer.object {
      $0.member("name", profile.name)
      if let model = profile.model { $0.member("model", model) }
    }
  }

  private func writeStore(_ writer: inout JSONWriter) {
    writer.member("path", state.path)
    writer.member("open", state.isOpen)
    writer.member("database_bytes", state.gauge.map { .integer($0.databaseBytes) } ?? .null)
    writer.member("log_bytes", state.gauge.map { .integer($0.logBytes) } ?? .null)
    writer.member("unindexed_turns", state.gauge.map { .integer($0.unindexedTurns) } ?? .null)
    state.writeLastExpiry(&writer)
    guard !state.others.isEmpty else { return }
    writer.key("belongs_to")
    writer.array { for other in state.others { $0.string(other.name) } }
  }

  private func writeHTTP(_ writer: inout JSONWriter) {
    writer.key("listening")
    writer.array { for address in httpListening?.addresses ?? [] { $0.string(address) } }
    writer.member("socket", httpListening?.socketPath.map { .string($0) } ?? .null)
    writer.key("not_served")
    writer.array { for failure in httpListening?.failures ?? [] { $0.string(failure) } }
  }

  private func writeClients(_ writer: inout JSONWriter, of isSeen: (Principal) -> Bool) {
    let clients = clients
    writer.member("connected", clients.count)
    writer.member("accepted", faces.reduce(0) { $0 + $1.accepted })
    writer.member("input_buffer_bytes", faces.reduce(0) { $0 + $1.inputBytes })
    writer.member("output_bytes", faces.reduce(0) { $0 + $1.outputBytes })
    writer.key("list")
    writer.array { list in
      for client in clients where isSeen(client.caller.principal) {
        list.object {
          $0.member("name", client.caller.name)
          $0.member("pid", client.caller.processID.map { .integer($0) } ?? .null)
          $0.member("uid", client.caller.userID)
          $0.member("requests", client.requests)
        }
      }
    }
  }

  private func write(_ run: TurnDriver, _ writer: inout JSONWriter) {
    writer.object {
      $0.member("id", run.id.map { RawJSON.string($0) } ?? .null)
      $0.member("model", run.model)
      $0.member("upstream", run.upstreamName)
      $0.member("client", run.caller.name)
      $0.member("uid", run.caller.userID)
      $0.member("events", run.log.count)
      $0.member("bytes", run.log.bytes)
      $0.key("readers")
      $0.array { readers in for name in run.log.readerNames { readers.string(name) } }
      $0.member("attempts", run.turn.attempts)
      $0.key("age_s")
      $0.double((EventLoop.now - run.created).roundedMilliseconds / 1000)
    }
  }
}

extension Upstream {
  var breakerName: String {
    switch breaker.state {
    case .closed: "closed"
    case .open where breaker.wait(at: EventLoop.now) != nil: "open"
    case .open, .halfOpen: "half_open"
    }
  }
}
