import JSON

/// Why a text is refused; nil where it is taken.
func refusal(of text: String, limits: JSONLimits = .strict) -> JSONError? {
  refusal(of: Array(text.utf8), limits: limits)
}

func refusal(of bytes: [UInt8], limits: JSONLimits = .strict) -> JSONError? {
  do throws(JSONError) {
    _ = try RawJSON(parsing: bytes, limits: limits)
    return nil
  } catch {
    return error
  }
}

extension JSONLimits {
  /// The strict limits with some of them changed.
  static func strict(_ change: (inout JSONLimits) -> Void) -> JSONLimits {
    var limits = JSONLimits.strict
    change(&limits)
    return limits
  }
}
