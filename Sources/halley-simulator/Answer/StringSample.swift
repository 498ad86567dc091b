internal import JSON

/// Makes up a string of a schema's format and length. Patterns are not understood.
struct StringSample {
  let value: String

  init(_ schema: RawJSON) {
    var text = Self.text(format: schema["format"]?.string)
    let least = Int(schema["minLength"]?.integer ?? 0)
    let most = Int(schema["maxLength"]?.integer ?? .max)
    if text.unicodeScalars.count < least {
      text += String(repeating: "x", count: least - text.unicodeScalars.count)
    }
    value = String(text.prefix(most))
  }

  private static func text(format: String?) -> String {
    switch format {
    case "date-time": "1986-02-09T10:58:48Z"
    case "date": "1986-02-09"
    case "time": "10:58:48Z"
    case "duration": "P76Y"
    case "email": "simulator@example.com"
    case "hostname": "example.com"
    case "ipv4": "127.0.0.1"
    case "ipv6": "::1"
    case "uri": "https://example.com/"
    case "uuid": "19860209-1058-4488-8000-000000000000"
    default: "simulated"
    }
  }
}
