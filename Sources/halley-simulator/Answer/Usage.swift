internal import JSON

/// Token counts as the API reports them.
struct Usage: Sendable {
  let input: Int
  let cached: Int
  let output: Int
  let reasoning: Int

  var json: RawJSON {
    .object { writer in
      writer.member("input_tokens", input)
      writer.member("input_tokens_details", .object { $0.member("cached_tokens", cached) })
      writer.member("output_tokens", output)
      writer.member("output_tokens_details", .object { $0.member("reasoning_tokens", reasoning) })
      writer.member("total_tokens", input + output)
    }
  }
}
