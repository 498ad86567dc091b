internal import JSON

/// Everything that one create is answered with: the events, and the response at the end.
struct Answer: Sendable {
  let script: EventScript
  let response: ResponseObject
  /// The response object at the end.
  let final: RawJSON
  let output: [RawJSON]

  init(_ request: CreateRequest, _ context: Context, _ controls: Controls) {
    let response = ResponseObject(request, id: controls.answer.id, controls.script)
    self.response = response
    if controls.script.isCorpus {
      let corpus = Corpus(response, controls.script)
      script = corpus.script
      final = corpus.final
      output = final["output"]?.elements ?? []
      return
    }
    let plan = AnswerPlan(request, context, controls.answer)
    output = plan.output
    let status: ResponseObject.Status =
      controls.answer.isFailed ? .failed : plan.isCut ? .incomplete : .completed
    final = response.json(
      status, output: output, usage: status == .failed ? nil : plan.usage)
    var script = EventScript(controls.script, failure: response)
    Self.open(&script, response, isBackground: request.isBackground)
    for (index, item) in plan.items.enumerated() {
      ItemEvents(item, at: index, isObfuscated: request.wantsObfuscation).add(to: &script)
    }
    script.addTerminal("response.\(status.rawValue)", final)
    self.script = script
  }

  private static func open(
    _ script: inout EventScript, _ response: ResponseObject, isBackground: Bool
  ) {
    let first = response.json(isBackground ? .queued : .inProgress)
    script.add("response.created") { $0.member("response", first) }
    if isBackground {
      script.add("response.queued") { $0.member("response", first) }
    }
    script.add("response.in_progress") { $0.member("response", response.json(.inProgress)) }
  }
}
