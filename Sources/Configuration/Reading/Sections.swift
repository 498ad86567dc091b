extension CacheConfiguration {
  mutating func read(_ table: inout TableReader) {
    table.read("enabled", as: .boolean, into: &isEnabled)
    table.read("ttl", as: .duration(.seconds(1) ... .days(366)), into: &timeToLive)
    table.read("max_size", as: .size(1 << 20...1 << 40), into: &maximumSize)
    table.finish()
  }
}

extension RetentionConfiguration {
  mutating func read(_ table: inout TableReader) {
    table.read("max_age", as: .duration(.seconds(3600) ... .days(36_600)), into: &maximumAge)
    table.read("max_size", as: .size(1 << 20...1 << 44), into: &maximumSize)
    table.read("events", as: .duration(.seconds(1) ... .days(366)), into: &events)
    table.read("idempotency", as: .duration(.seconds(1) ... .days(366)), into: &idempotency)
    table.finish()
  }
}

extension LogConfiguration {
  mutating func read(_ table: inout TableReader) {
    table.read("level", as: .choice, into: &level)
    table.read("prompts", as: .boolean, into: &prompts)
    table.finish()
  }
}

extension HTTPConfiguration {
  mutating func read(_ table: inout TableReader) {
    table.read("listen", as: .array(of: .loopbackAddress), into: &listen)
    table.read("default_model", as: .model, into: &defaultModel)
    table.finish()
  }
}

extension LimitsConfiguration {
  /// The bounds of the bounds: enough to work at all, and not so much that a sum overflows or the
  /// JSON reader's stack of containers (128) does not suffice.
  mutating func read(_ table: inout TableReader) {
    readCounts(&table)
    readTimes(&table)
    readTools(&table)
    table.finish()
    guard buffers < line else { return }
    let origin = table.findings.origin(of: table.path, "buffers")
    table.findings.refuseWhole(
      ConfigurationError(
        origin, key: "limits.buffers", found: SizeText.text(buffers),
        expected: "at least limits.line (\(SizeText.text(line)))"))
  }

  private mutating func readCounts(_ table: inout TableReader) {
    table.read("connections", as: .integer(1...65_536), into: &connections)
    table.read(
      "requests_per_connection", as: .integer(1...65_536), into: &requestsPerConnection)
    table.read("requests", as: .integer(1...65_536), into: &requests)
    table.read("queue", as: .integer(0...65_536), into: &queue)
    table.read("line", as: .size(1 << 10...1 << 30), into: &line)
    table.read("buffers", as: .size(1 << 10...1 << 34), into: &buffers)
    table.read("output", as: .size(1 << 10...1 << 30), into: &output)
    table.read("outputs", as: .size(1 << 10...1 << 34), into: &outputs)
    table.read("response", as: .size(1 << 16...1 << 30), into: &response)
    table.read("responses", as: .size(1 << 16...1 << 40), into: &responses)
    table.read("event", as: .size(1 << 12...1 << 30), into: &event)
    table.read("depth", as: .integer(1...128), into: &depth)
    table.read("nodes", as: .integer(16...100_000_000), into: &nodes)
    table.read("key", as: .size(64...1 << 20), into: &key)
    table.read("number", as: .integer(20...4096), into: &number)
  }

  private mutating func readTimes(_ table: inout TableReader) {
    let times = SettingType.duration(.milliseconds(1) ... .days(1))
    table.read("stalled_reader", as: times, into: &stalledReader)
    table.read("drain", as: times, into: &drain)
    table.read("approval", as: times, into: &approval)
  }

  private mutating func readTools(_ table: inout TableReader) {
    table.read("tool_calls", as: .integer(1...10_000), into: &toolCalls)
    table.read("tool_rounds", as: .integer(1...1000), into: &toolRounds)
    table.read("tool_time", as: .duration(.milliseconds(1) ... .days(1)), into: &toolTime)
    table.read("tool_output", as: .size(1 << 10...1 << 28), into: &toolOutput)
  }
}

extension Duration {
  static func days(_ count: Int64) -> Duration { .seconds(count * 86_400) }
}
