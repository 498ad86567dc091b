internal import JSON

/// Refuses what the API refuses in a create.
struct CreateCheck {
  let members: [String: RawJSON]

  func run() throws(APIError) {
    try checkModel()
    try checkRange("temperature", 0...2)
    try checkRange("top_p", 0...1)
    try checkRange("top_logprobs", 0...20)
    try checkRange("max_output_tokens", 16...9_007_199_254_740_991)
    try checkCombinations()
  }

  private func checkModel() throws(APIError) {
    let model = members["model"]?.string ?? ""
    if model == "missing-model" {
      throw APIError(
        status: 404, "The model '\(model)' does not exist or you do not have access to it.",
        param: "model", code: "model_not_found")
    }
    let isEncrypted = members["include"]?.elements.contains {
      $0.string == "reasoning.encrypted_content"
    }
    if model == "gpt-4o-sim", isEncrypted == true {
      throw .badRequest(
        "Encrypted content is not supported with this model.", param: "include")
    }
  }

  private func checkRange(_ key: String, _ range: ClosedRange<Double>) throws(APIError) {
    guard let json = members[key] else { return }
    guard let value = json.double else {
      throw .badRequest(
        "Invalid type for '\(key)': expected a number.", param: key, code: "invalid_type")
    }
    if value < range.lowerBound {
      throw .badRequest(
        "Invalid '\(key)': expected a value >= \(range.lowerBound), got \(json.text) instead.",
        param: key, code: "below_min_value")
    }
    if value > range.upperBound {
      throw .badRequest(
        "Invalid '\(key)': expected a value <= \(range.upperBound), got \(json.text) instead.",
        param: key, code: "above_max_value")
    }
  }

  private func checkCombinations() throws(APIError) {
    let isChained = members["previous_response_id"] != nil
    if isChained, members["conversation"] != nil {
      throw .badRequest(
        "Mutually exclusive parameters: 'previous_response_id' and 'conversation'.",
        param: "previous_response_id", code: "mutually_exclusive_parameters")
    }
    if members["stream_options"] != nil, members["stream"]?.boolean != true {
      throw .badRequest(
        "'stream_options' is only allowed when 'stream' is true.", param: "stream_options")
    }
    let hasInput = ["input", "prompt", "conversation"].contains { members[$0] != nil }
    if !hasInput, !isChained {
      throw .badRequest(
        "Missing required parameter: 'input'.", param: "input",
        code: "missing_required_parameter")
    }
  }
}
