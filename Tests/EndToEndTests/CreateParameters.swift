import JSON

/// The params of a `responses.create` whose metadata tells the simulator what to do.
struct CreateParameters {
  var model = "gpt-5.4"
  var input = "Hello"
  var isStreaming = true
  var controls: [String: String] = [:]
  /// The member `halley`, as JSON.
  var halley: String?

  init(
    _ controls: [String: String] = [:], stream: Bool = true, model: String = "gpt-5.4",
    halley: String? = nil
  ) {
    self.controls = controls
    isStreaming = stream
    self.model = model
    self.halley = halley
  }

  var text: String {
    RawJSON.object { params in
      params.member("model", model)
      params.member("input", input)
      if isStreaming { params.member("stream", true) }
      if !controls.isEmpty {
        params.key("metadata")
        params.object { metadata in
          for (key, value) in controls.sorted(by: { $0.key < $1.key }) {
            metadata.member(key, value)
          }
        }
      }
      if let halley { params.member("halley", RawJSON(checked: Array(halley.utf8)[...])) }
    }.text
  }
}
