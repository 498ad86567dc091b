package import JSON

/// What a request was answered with, and the events that came before.
package struct Answer {
  /// The events as the daemon spelled them.
  package let events: [RawJSON]
  /// The whole last message.
  package let message: RawJSON

  package var result: RawJSON? { message["result"] }
  package var error: RawJSON? { message["error"] }
  package var errorData: RawJSON? { error?["data"] }
  /// `error.data.code`.
  package var errorCode: String? { errorData?["code"]?.string }
  /// `error.code`.
  package var errorNumber: Int64? { error?["code"]?.integer }
  /// The member of `params` that was refused.
  package var param: String? { errorData?["param"]?.string }
  package var status: String? { result?["status"]?.string }

  /// How the daemon says that it came about.
  package var halley: RawJSON? { result?["halley"] }

  package var eventTypes: [String] { events.map { $0["type"]?.string ?? "" } }

  /// The deltas of the text, put together.
  package var streamedText: String {
    events.filter { $0["type"]?.string == "response.output_text.delta" }
      .compactMap { $0["delta"]?.string }.joined()
  }

  /// The text of the result.
  package var text: String { result.map(Self.text) ?? "" }

  package static func text(of response: RawJSON) -> String {
    (response["output"]?.elements ?? [])
      .flatMap { $0["content"]?.elements ?? [] }
      .compactMap { $0["text"]?.string }.joined()
  }
}
