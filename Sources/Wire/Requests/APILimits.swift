/// The limits of the API that a request is refused for, each with who states it.
///
/// What one source alone states is not here: upstreams that the others describe take more. Where two
/// differ, the larger one counts. Sources: the page of CometAPI for `POST /v1/responses` ("page"),
/// OpenAI's OpenAPI 2.3.0 of 2026-08-21 ("OpenAPI") and its later Python SDK 3.57 of 2026-11 ("SDK"),
/// Open Responses of 2026-04-24 ("Open Responses").
package enum APILimits {
  /// Page, OpenAPI, Open Responses.
  static let temperature = 0.0...2.0
  /// Page, OpenAPI, Open Responses.
  static let topP = 0.0...1.0
  /// Page, OpenAPI, Open Responses.
  static let topLogprobs: ClosedRange<Int64> = 0...20
  /// OpenAPI and Open Responses ask for 16, the page for nothing; no source allows none at all.
  static let outputTokens: ClosedRange<Int64> = 1...Int64.max
  /// Open Responses alone asks for 1; no source allows fewer than none.
  static let toolCalls: ClosedRange<Int64> = 0...Int64.max
  /// Pairs, characters of a key, characters of a value: page, OpenAPI, Open Responses.
  static let metadata = (pairs: 0...16, key: 64, value: 0...512)
  /// Characters: 64 on the page and in OpenAPI, 128 in the SDK.
  static let safetyIdentifier = 0...128
  /// Characters: 64 and no dots in Open Responses, 128 and dots in the SDK.
  static let functionName = 1...128
  /// Characters of the name of a `json_schema` format: page, OpenAPI, Open Responses.
  static let formatName = 1...64
  /// Of a list's page: OpenAPI, and this daemon, which answers it.
  package static let page: ClosedRange<Int64> = 1...100
  /// Items that one call adds to a conversation: OpenAPI, and this daemon, which keeps them.
  static let newItems = 0...20
}
