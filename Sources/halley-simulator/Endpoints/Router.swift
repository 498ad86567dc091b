internal import JSON

/// Finds what a request is for and answers it.
struct Router {
  private let request: HTTPRequest
  private let channel: Channel
  private let simulation: Simulation

  init(_ request: HTTPRequest, _ channel: Channel, _ simulation: Simulation) {
    self.request = request
    self.channel = channel
    self.simulation = simulation
  }

  func answer() throws(ConnectionEnd) {
    let route = Route(request)
    if let name = route.controlName { return try send(control(name)) }
    record(route)
    if request.method == "HEAD" {
      return try Reply(channel, isKeptAlive: request.isKeptAlive)
        .send(HTTPResponse(), hasBody: false)
    }
    guard isAuthorized else { return try send(Self.wrongKey.response) }
    switch route.name {
    case "POST /responses":
      try CreateEndpoint(request, channel, simulation).answer()
    case "GET /responses/{id}" where request.query["stream"] == "true":
      try FollowEndpoint(request, channel, simulation).answer(id: route.id)
    default: try send(plainAnswer(route))
    }
  }

  private func send(_ response: HTTPResponse) throws(ConnectionEnd) {
    try Reply(channel, isKeptAlive: request.isKeptAlive).send(response)
  }

  // MARK: Records and keys

  private func record(_ route: Route) {
    simulation.statistics.countRequest(route.name)
    simulation.requests.append(request, key: simulation.options.key)
    simulation.warn("\(request.method) \(request.path), \(request.body.count) bytes")
  }

  private var isAuthorized: Bool {
    guard let key = simulation.options.key else { return true }
    return request.header("authorization") == "Bearer \(key)"
  }

  private static let wrongKey = APIError(
    status: 401, "Incorrect API key provided.", code: "invalid_api_key")

  // MARK: Answers

  private func plainAnswer(_ route: Route) -> HTTPResponse {
    do throws(APIError) {
      return HTTPResponse(json: try plainJSON(route))
    } catch {
      return error.response
    }
  }

  private func plainJSON(_ route: Route) throws(APIError) -> RawJSON {
    let responses = ResponsesEndpoint(request, simulation)
    switch route.name {
    case "POST /responses/input_tokens": return try responses.countTokens()
    case "POST /responses/compact": return try responses.compact()
    case "GET /responses/{id}": return try responses.retrieve(route.id)
    case "DELETE /responses/{id}": return try responses.delete(route.id)
    case "POST /responses/{id}/cancel": return try responses.cancel(route.id)
    case "GET /responses/{id}/input_items": return try responses.inputItems(route.id)
    case "GET /models": return Models.list
    case "GET /models/{id}": return try Models.find(route.id)
    default:
      throw APIError(status: 404, "Invalid URL (\(request.method) \(request.path))")
    }
  }

  private func control(_ name: String) -> HTTPResponse {
    switch (request.method, name) {
    case ("GET", "stats"): return HTTPResponse(json: simulation.statistics.json)
    case ("GET", "requests"): return HTTPResponse(json: simulation.requests.json)
    case ("POST", "reset"):
      simulation.reset()
      return HTTPResponse(json: .emptyObject)
    default:
      // A client that followed a redirect ends here, and tests can see it.
      simulation.statistics.countRequest("\(request.method) /_simulator/\(name)")
      return APIError(status: 404, "Nothing is at /_simulator/\(name).").response
    }
  }
}
