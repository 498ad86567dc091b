package import JSON
internal import Wire

/// Judges a response that has ended: whether the answer is what was asked for.
package struct AnswerVerdict {
  private let response: RawJSON

  package init(_ response: RawJSON) {
    self.response = response
  }

  /// Why the command fails although the call did not; nil where all is well.
  package var failure: Failure? {
    switch response["status"]?.string {
    case "failed": failed
    case "incomplete": incomplete
    case "cancelled": Failure(.incomplete, "the answer was cancelled from elsewhere")
    default: nil
    }
  }

  private var failed: Failure {
    let error = response["error"] ?? .emptyObject
    let reason = error["message"]?.string ?? "it did not say why"
    let code = error["code"]?.string.map { " (\($0))" } ?? ""
    return Failure(.failed, "the model failed: \(reason)\(code)")
  }

  private var incomplete: Failure {
    let reason = response["incomplete_details"]?["reason"]?.string
    let advice = reason == "max_output_tokens" ? "allow more with --max-tokens N" : nil
    return Failure(
      .incomplete, "the answer is not whole: \(reason ?? "no reason was given")", advice: advice)
  }

  /// Checks the answer's text against the schema that it was to keep to.
  package static func mismatch(_ text: [UInt8], _ schema: AnswerSchema) -> Failure? {
    let value: RawJSON
    do throws(JSONError) {
      value = try RawJSON(parsing: text, limits: .relayed)
    } catch {
      return Failure(.mismatch, "the answer is not JSON: \(error.message) at byte \(error.offset)")
    }
    var checker = SchemaChecker(schema.schema)
    checker.check(value)
    guard !checker.mismatches.isEmpty else { return nil }
    let lines = checker.mismatches.map { "\n  \($0)" }.joined()
    return Failure(.mismatch, "the answer does not match the schema:\(lines)")
  }

  /// What of the schema can't be checked here; nil where all of it can.
  package static func note(on schema: AnswerSchema, _ text: [UInt8]) -> String? {
    var checker = SchemaChecker(schema.schema)
    do throws(JSONError) {
      checker.check(try RawJSON(parsing: text, limits: .relayed))
    } catch {
      return nil
    }
    guard !checker.ignoredKeywords.isEmpty else { return nil }
    let names = checker.ignoredKeywords.sorted().joined(separator: ", ")
    return "halley: not checked in the schema: \(names)\n"
  }
}
