/// What a request is for: its method and path, the id taken out.
struct Route {
  /// Such as `GET /responses/{id}`.
  let name: String
  /// What stands where the name says `{id}`; empty where it does not.
  let id: String
  /// The rest of a path below `/_simulator`.
  let controlName: String?

  /// Reads the path; a leading `/v1` makes no difference.
  init(_ request: HTTPRequest) {
    var steps = request.segments.filter { !$0.isEmpty }
    if steps.first == "v1" { steps.removeFirst() }
    controlName = steps.first == "_simulator" ? steps.dropFirst().joined(separator: "/") : nil
    let isCollection = ["responses", "models"].contains(steps.first)
    if isCollection, steps.count > 1, !["input_tokens", "compact"].contains(steps[1]) {
      id = steps[1]
      steps[1] = "{id}"
    } else {
      id = ""
    }
    name = "\(request.method) /\(steps.joined(separator: "/"))"
  }
}
