internal import JSON

/// Makes up a number within a schema's limits.
struct NumberSample {
  let value: RawJSON

  init(_ schema: RawJSON) {
    let isInteger =
      schema["type"]?.string == "integer"
      || schema["type"]?.elements.contains { $0.string == "integer" } == true
    let step = schema["multipleOf"]?.double ?? (isInteger ? 1 : 0.5)
    let range = Self.range(schema, step: step)
    let wanted = min(max(42, range.lowerBound), range.upperBound)
    // The largest multiple that is not above, or the next one where that is too small.
    var number = (wanted / step).rounded(.down) * step
    if number < range.lowerBound { number += step }
    value = .build { $0.double(number <= range.upperBound ? number : wanted) }
  }

  private static func range(_ schema: RawJSON, step: Double) -> ClosedRange<Double> {
    var least = schema["minimum"]?.double ?? -.greatestFiniteMagnitude
    var most = schema["maximum"]?.double ?? .greatestFiniteMagnitude
    if let limit = schema["exclusiveMinimum"]?.double { least = max(least, limit + step) }
    if let limit = schema["exclusiveMaximum"]?.double { most = min(most, limit - step) }
    return least...max(least, most)
  }
}
