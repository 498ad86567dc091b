internal import JSON
internal import Wire

/// What a path and a verb lead to.
struct APIRoute: Sendable {
  /// What answers.
  enum Endpoint: Sendable {
    case method(Method)
    case create
    case chat
    case webSocket
    case health
    case page(PageFile)
    /// A code of `halley open` becomes a session of the page.
    case session
    case overview
    case usage
  }

  /// How the text of a query's item becomes a member of params.
  enum QueryType: Sendable {
    case text, number, flag
    /// One element of an array.
    case element
  }

  /// Whether it holds nothing that a token would have to keep.
  var isPublic: Bool {
    switch endpoint {
    case .page, .session, .health: true
    case .method, .create, .chat, .webSocket, .overview, .usage: false
    }
  }

  /// Refuses who may not ask there, before a body is sent that nobody would read.
  func require(_ caller: Caller) throws(APIError) {
    do throws(RPCError) {
      switch endpoint {
      case .page, .session, .health: return
      case .method(let method): try method.require(caller)
      case .create, .chat, .webSocket: try Method.responsesCreate.require(caller)
      case .overview, .usage:
        // It is the user's, and not for programs.
        guard caller.role == .page || Roles.users.contains(caller.role) else {
          throw RPCError(.permission, "only the daemon's page and its users may ask for that")
        }
      }
    } catch {
      throw APIError(error)
    }
  }

  let verb: String
  /// The path's parts; one in braces stands for any text, and names the member that it becomes.
  private let path: [Substring]
  let endpoint: Endpoint
  /// The items of a query that are heeded. What else it holds is passed over, as the API does.
  private let query: [String: QueryType]

  init(
    _ verb: String, _ path: String, _ endpoint: Endpoint, query: [String: QueryType] = [:]
  ) {
    self.verb = verb
    self.path = path.split(separator: "/")
    self.endpoint = endpoint
    self.query = query
  }

  init(_ verb: String, _ path: String, _ method: Method, query: [String: QueryType] = [:]) {
    self.init(verb, path, .method(method), query: query)
  }

  private func matches(_ segments: ArraySlice<String>) -> Bool {
    segments.count == path.count
      && zip(path, segments).allSatisfy { $0.first == "{" ? !$1.isEmpty : $0 == $1 }
  }
}

// MARK: Finding

extension APIRoute {
  private static let include = ["include": QueryType.element, "include[]": .element]
  private static let page = include.merging(["limit": .number, "order": .text, "after": .text]) {
    $1
  }
  private static let stream = include.merging([
    "stream": .flag, "starting_after": .number, "include_obfuscation": .flag,
  ]) { $1 }

  static let all = [
    APIRoute("POST", "responses", .create),
    APIRoute("GET", "responses", .webSocket),
    APIRoute("POST", "responses/input_tokens", .responsesInputTokensCount),
    APIRoute("POST", "responses/compact", .responsesCompact),
    APIRoute("GET", "responses/{response_id}", .responsesRetrieve, query: stream),
    APIRoute("DELETE", "responses/{response_id}", .responsesDelete),
    APIRoute("POST", "responses/{response_id}/cancel", .responsesCancel),
    APIRoute("GET", "responses/{response_id}/input_items", .responsesInputItemsList, query: page),

    APIRoute("POST", "conversations", .conversationsCreate),
    APIRoute("GET", "conversations", .conversationsList, query: page),
    APIRoute("GET", "conversations/{conversation}", .conversationsRetrieve),
    APIRoute("POST", "conversations/{conversation}", .conversationsUpdate),
    APIRoute("DELETE", "conversations/{conversation}", .conversationsDelete),
    APIRoute(
      "POST", "conversations/{conversation}/items", .conversationsItemsCreate, query: include),
    APIRoute("GET", "conversations/{conversation}/items", .conversationsItemsList, query: page),
    APIRoute(
      "GET", "conversations/{conversation}/items/{item_id}", .conversationsItemsRetrieve,
      query: include),
    APIRoute(
      "DELETE", "conversations/{conversation}/items/{item_id}", .conversationsItemsDelete),

    APIRoute("GET", "models", .modelsOffered),
    APIRoute("GET", "models/{model}", .modelOffered),
    APIRoute("POST", "chat/completions", .chat),
    APIRoute("GET", "healthz", .health),

    APIRoute("GET", "", .page(.index)),
    APIRoute("GET", "page.css", .page(.style)),
    APIRoute("GET", "page.js", .page(.script)),
    APIRoute("POST", "halley/session", .session),
    APIRoute("GET", "halley/overview", .overview),
    APIRoute("GET", "halley/usage", .usage, query: ["by": .text, "since": .number]),
  ]

  /// The route of a request, whose path may begin with `/v1`.
  static func find(_ head: HTTPRequestHead) throws(APIError) -> APIRoute {
    let matching = all.filter { $0.matches(parts(of: head.target)) }
    // What answers GET answers HEAD (RFC 9110, section 9.3.2).
    let verb = head.method == "HEAD" ? "GET" : head.method
    if let route = matching.first(where: { $0.verb == verb }) { return route }
    let path = RawJSON.string(head.target.text).excerpt
    guard !matching.isEmpty else {
      throw APIError(404, code: "unknown_url", "there is nothing at \(path)")
    }
    let verbs = Set(matching.map(\.verb)).sorted()
    var error = APIError(
      405, code: "method_not_allowed",
      "found \(head.method) \(path), expected \(verbs.joined(separator: " or "))")
    error.headers.append(("allow", verbs.joined(separator: ", ")))
    throw error
  }

  private static func parts(of target: HTTPTarget) -> ArraySlice<String> {
    target.segments.first == "v1" ? target.segments.dropFirst() : target.segments[...]
  }
}

// MARK: Params

extension APIRoute {
  /// The params of the method: the body's members, then those of the query, then those of the path,
  /// which nothing else may name.
  func params(_ head: HTTPRequestHead, body: RawJSON) throws(RPCError) -> RawJSON {
    var params = body
    for (name, value) in try queryMembers(head.target.query) {
      params = params.setting(name, to: value)
    }
    for (part, segment) in zip(path, Self.parts(of: head.target)) where part.first == "{" {
      params = params.setting(String(part.dropFirst().dropLast()), to: .string(segment))
    }
    return params
  }

  private func queryMembers(
    _ items: [HTTPTarget.QueryItem]
  ) throws(RPCError) -> [(name: String, value: RawJSON)] {
    var members: [(name: String, value: RawJSON)] = []
    var elements: [RawJSON] = []
    for item in items {
      switch query[item.name] {
      case .element?:
        elements += item.value.split(separator: ",").map { .string(String($0)) }
      case let type?: members.append((item.name, try Self.value(of: item, type)))
      case nil: continue
      }
    }
    if !elements.isEmpty {
      members.append(("include", .build { $0.array { for each in elements { $0.value(each) } } }))
    }
    return members
  }

  private static func value(
    of item: HTTPTarget.QueryItem, _ type: QueryType
  ) throws(RPCError) -> RawJSON {
    let expected: String
    switch (type, item.value) {
    case (.text, let text), (.element, let text): return .string(text)
    case (.flag, "true"): return .boolean(true)
    case (.flag, "false"): return .boolean(false)
    case (.flag, _): expected = "true or false"
    case (.number, let text):
      if let number = Int64(text) { return .integer(number) }
      expected = "a whole number"
    }
    throw RPCError(
      .invalidParams,
      "the query's \(item.name) is \(RawJSON.string(item.value).excerpt), \(expected) was expected",
      details: [("param", .string(item.name))])
  }
}
