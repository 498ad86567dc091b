internal import JSON

/// A refusal in the API's shape: `{"error":{message,type,param,code}}`.
struct APIError: Error, Sendable {
  let status: Int
  let message: String
  let type: String
  let param: String?
  let code: String?

  init(
    status: Int, _ message: String, type: String = "invalid_request_error", param: String? = nil,
    code: String? = nil
  ) {
    self.status = status
    self.message = message
    self.type = type
    self.param = param
    self.code = code
  }

  static func badRequest(
    _ message: String, param: String? = nil, code: String? = nil
  ) -> APIError {
    APIError(status: 400, message, param: param, code: code)
  }

  static func unknownResponse(_ id: String) -> APIError {
    APIError(status: 404, "Response with id '\(id)' not found.")
  }

  /// The object under `error`.
  var json: RawJSON {
    .object { writer in
      writer.member("message", message)
      writer.member("type", type)
      writer.member("param", param.map(RawJSON.string) ?? .null)
      writer.member("code", code.map(RawJSON.string) ?? .null)
    }
  }

  var response: HTTPResponse {
    HTTPResponse(status: status, json: .object { $0.member("error", json) })
  }
}
