internal import CCurl
internal import Glibc

/// Dates of HTTP header fields (RFC 9110, section 5.6.7).
package enum HTTPDate {
  /// The three forms: `a` stands for a letter, `0` for a digit, `_` for a digit or a space.
  private static let forms = ["aaa, 00 aaa 0000 00:00:00 GMT", "aaa aaa _0 00:00:00 0000"]
  private static let obsoleteForm = ", 00-aaa-00 00:00:00 GMT"
  private static let days = [
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
  ]

  /// The time from now until a date, never negative; nil for what is no date.
  package static func timeUntil(_ date: String) -> Duration? {
    let text = Array(date.utf8)
    let isDate =
      forms.contains { matches(text, $0) } || days.contains { matches(text, $0 + obsoleteForm) }
    guard isDate else { return nil }
    // Takes many more spellings than these (curl_getdate(3)).
    let seconds = unsafe curl_getdate(date, nil)
    guard seconds >= 0 else { return nil }
    return .seconds(max(0, seconds - time(nil)))
  }

  private static func matches(_ text: [UInt8], _ form: String) -> Bool {
    text.count == form.utf8.count
      && zip(text, form.utf8).allSatisfy { byte, wanted in
        switch wanted {
        case UInt8(ascii: "a"): 0x41...0x5A ~= byte & 0xDF
        case UInt8(ascii: "0"): 0x30...0x39 ~= byte
        case UInt8(ascii: "_"): 0x30...0x39 ~= byte || byte == 0x20
        default: byte == wanted
        }
      }
  }
}
