import JSON
import TestSupport

extension SocketClient {
  /// Sends a create without waiting for its answer.
  func startCreate(
    _ id: Int, _ controls: [String: String] = [:], stream: Bool = true, model: String = "gpt-5.4",
    halley: String? = nil
  ) throws {
    let params = CreateParameters(controls, stream: stream, model: model, halley: halley)
    try request(id, "responses.create", params.text)
  }

  /// Sends a create and waits for its answer.
  func create(
    _ id: Int, _ controls: [String: String] = [:], stream: Bool = true, model: String = "gpt-5.4",
    halley: String? = nil
  ) throws -> Answer {
    try startCreate(id, controls, stream: stream, model: model, halley: halley)
    return try answer(id)
  }

  /// Waits until a streaming create has brought a piece of text.
  func awaitText(_ id: Int) throws {
    _ = try event(id) { $0["type"]?.string == "response.output_text.delta" }
  }
}
