/// Reads single controls out of a request's metadata and refuses what they can't mean.
struct ControlReader {
  let metadata: [String: String]

  func text(_ key: String) -> String? { metadata[key] }

  /// `1` and `true` set a flag, `0`, `false` and the empty string do not.
  func flag(_ key: String) throws(APIError) -> Bool {
    switch metadata[key] {
    case nil, "0", "false", "": return false
    case "1", "true": return true
    case .some(let text): throw refuse(key, text, "\"1\" or \"0\"")
    }
  }

  func count(_ key: String) throws(APIError) -> Int? {
    guard let text = metadata[key] else { return nil }
    guard let value = Int(text), value >= 0 else { throw refuse(key, text, "a whole number") }
    return value
  }

  func number(_ key: String) throws(APIError) -> Double? {
    guard let text = metadata[key] else { return nil }
    guard let value = Double(text), value.isFinite, value >= 0 else {
      throw refuse(key, text, "a number from 0")
    }
    return value
  }

  /// Reads milliseconds, a fraction allowed, as nanoseconds; a day at most.
  func milliseconds(_ key: String) throws(APIError) -> UInt64? {
    guard let value = try number(key) else { return nil }
    guard value <= 86_400_000 else { throw refuse(key, metadata[key] ?? "", "at most a day") }
    return UInt64(value * 1e6)
  }

  func place(_ key: String) throws(APIError) -> Place? {
    guard let text = metadata[key] else { return nil }
    guard let place = Place(text) else {
      throw refuse(key, text, "before_headers, after_headers or after_events:N")
    }
    return place
  }

  /// Reads one of some words; `1` stands for the first.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String, _ type: Choice.Type
  ) throws(APIError) -> Choice? where Choice.RawValue == String {
    guard let text = metadata[key] else { return nil }
    if text == "1", let first = type.allCases.first { return first }
    guard let choice = Choice(rawValue: text) else {
      throw refuse(key, text, type.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return choice
  }

  func refuse(_ key: String, _ text: String, _ expected: String) -> APIError {
    .badRequest(
      "Invalid control: \"\(text)\" found where \(expected) was expected.",
      param: "metadata.\(key)", code: "invalid_value")
  }
}
