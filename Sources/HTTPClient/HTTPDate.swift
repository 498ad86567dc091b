internal import CCurl
internal import Glibc

/// Dates of HTTP header fields (RFC 9110, section 5.6.7).
package enum HTTPDate {
  /// The time from now until a date, never negative; nil for what is no date (curl_getdate(3)).
  package static func timeUntil(_ date: String) -> Duration? {
    let seconds = unsafe curl_getdate(date, nil)
    guard seconds >= 0 else { return nil }
    return .seconds(max(0, seconds - time(nil)))
  }
}
