package import JSON

/// An error as a client sees it (`halley-protocol(7)`, ERRORS).
package struct RPCError: Error, Sendable {
  /// The stable names of `data.code`, each with its JSON-RPC number.
  package enum Code: String, Sendable, CaseIterable {
    case parseError = "parse_error"
    case invalidRequest = "invalid_request"
    case tooLarge = "too_large"
    case tooDeep = "too_deep"
    case tooComplex = "too_complex"
    case methodNotFound = "method_not_found"
    case invalidParams = "invalid_params"
    case `internal` = "internal"
    case cancelled = "cancelled"
    case notFound = "not_found"
    case overloaded = "overloaded"
    case busy = "busy"
    case conflict = "conflict"
    case permission = "permission"
    case storage = "storage"
    case storageFull = "storage_full"
    case cacheMiss = "cache_miss"
    case upstreamHTTP = "upstream_http"
    case upstreamUnreachable = "upstream_unreachable"
    case upstreamTimeout = "upstream_timeout"
    case upstreamTruncated = "upstream_truncated"
    case upstreamProtocol = "upstream_protocol"
    case upstreamCircuitOpen = "upstream_circuit_open"
    case budgetExceeded = "budget_exceeded"
    case hookDenied = "hook_denied"
    case pluginFailed = "plugin_failed"
    case toolFailed = "tool_failed"
    case config = "config"

    package var number: Int {
      switch self {
      case .parseError: -32700
      case .invalidRequest, .tooLarge, .tooDeep, .tooComplex: -32600
      case .methodNotFound: -32601
      case .invalidParams: -32602
      case .internal: -32603
      case .cancelled: -32800
      case .notFound: -32000
      case .overloaded: -32001
      case .busy, .conflict: -32002
      case .permission: -32003
      case .storage, .storageFull: -32004
      case .cacheMiss: -32005
      case .upstreamHTTP: -32010
      case .upstreamUnreachable: -32011
      case .upstreamTimeout: -32012
      case .upstreamTruncated: -32013
      case .upstreamProtocol: -32014
      case .upstreamCircuitOpen: -32015
      case .budgetExceeded: -32020
      case .hookDenied: -32021
      case .pluginFailed, .toolFailed: -32022
      case .config: -32030
      }
    }
  }

  package let code: Code
  /// For people; names what was found, what was expected and where.
  package let message: String
  /// Whether the same request may succeed later.
  package let isRetryable: Bool
  /// Members of `data` beside `code` and `retryable`, in order.
  package var details: [(key: String, value: RawJSON)]
  /// Whether a `config` error is about a name that the request gave, not about the configuration; it
  /// is not sent.
  package var isOfRequest = false
  /// Whether its texts name files of the daemon's user.
  package var namesPlaces = false

  package init(
    _ code: Code, _ message: String, isRetryable: Bool = false,
    details: [(key: String, value: RawJSON)] = []
  ) {
    self.code = code
    self.message = message
    self.isRetryable = isRetryable
    self.details = details
  }

  /// Refuses one member of `params`.
  ///
  /// - Parameter parameter: the path of the member, as in `input[0].content[1].detail`.
  package static func invalidParams(_ parameter: String, _ message: String) -> RPCError {
    RPCError(
      .invalidParams, "\(parameter): \(message)", details: [("param", .string(parameter))])
  }

  /// The error object of JSON-RPC 2.0, section 5.1.
  package var json: RawJSON {
    .object { error in
      error.member("code", code.number)
      error.member("message", message)
      error.key("data")
      error.object { data in
        data.member("code", code.rawValue)
        data.member("retryable", isRetryable)
        for detail in details { data.member(detail.key, detail.value) }
      }
    }
  }
}

extension RPCError {
  /// Turns a refusal of the JSON reader into the error that its sender gets.
  package init(_ error: JSONError) {
    let code: Code =
      switch error.code {
      case .malformed, .duplicateKey: .parseError
      case .tooDeep: .tooDeep
      case .tooManyNodes: .tooComplex
      case .keyTooLong, .numberTooLong: .tooLarge
      }
    self.init(
      code, "\(error.message) at byte \(error.offset)",
      details: [("offset", .integer(error.offset))])
  }
}
