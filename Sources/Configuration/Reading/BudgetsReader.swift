internal import Wire

extension BudgetsConfiguration {
  mutating func read(_ table: inout TableReader) {
    table.read("daily_usd", as: .dollars, into: &overall.daily)
    table.read("monthly_usd", as: .dollars, into: &overall.monthly)
    table.read("on_unknown_price", as: .choice, into: &onUnknownPrice)
    table.read("warn_percent", as: .integer(1...100), into: &warnPercent)
    let client = SettingType<String>.text("the name of a client of 1 to 128 bytes", bytes: 1...128)
    for entry in table.entries("per_client") where table.check(entry, in: "per_client", client) {
      perClient[entry.key] = Budget(entry, "per_client", table)
    }
    let user = SettingType<String>.text("a user's number in decimal") {
      UInt32($0).map { "\($0)" } == $0
    }
    for entry in table.entries("per_user") where table.check(entry, in: "per_user", user) {
      guard let number = UInt32(entry.key) else { continue }
      perUser[number] = Budget(entry, "per_user", table)
    }
    table.finish()
  }
}

extension BudgetsConfiguration.Budget {
  /// Reads a number, which is a day's budget, or a table with `daily_usd` and `monthly_usd`.
  init?(_ entry: TOMLTable.Entry, _ key: String, _ table: TableReader) {
    let path = table.path + [key]
    if case .table(let members) = entry.node.value {
      var reader = TableReader(
        path: path + [entry.key], table: members, origin: entry.node.origin,
        findings: table.findings)
      reader.read("daily_usd", as: .dollars, into: &daily)
      reader.read("monthly_usd", as: .dollars, into: &monthly)
      reader.finish()
      return
    }
    let dollars = SettingType<NanoDollars>.dollars
    guard let budget = dollars.read(entry.node.value) else {
      table.findings.refuse(
        ConfigurationError(
          entry.node.origin, key: TOMLText.path(path + [entry.key]), found: entry.node.described(),
          expected: dollars.expected + ", or a table with daily_usd and monthly_usd"))
      return nil
    }
    daily = budget
    table.findings.record(path, entry.key, dollars.show(budget), entry.node.origin)
  }
}

extension PriceConfiguration {
  mutating func read(_ table: inout TableReader) {
    for key in ["input", "output"] where !table.has(key) {
      table.refuseMissing(key, expected: "US dollars for a million tokens")
    }
    table.read("input", as: .dollars, into: &input)
    table.read("cached_input", as: .dollars, into: &cachedInput)
    table.read("output", as: .dollars, into: &output)
    table.finish()
  }
}
