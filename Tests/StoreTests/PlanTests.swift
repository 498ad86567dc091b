import JSON
import Store
import Testing

/// The plan of every statement: none reads the whole of a table that grows.
@Suite struct PlanTests {
  /// Tables that stay small, whatever is stored.
  private static let small = [
    "subjects", "tokens", "tool_definitions", "price_lists", "prices", "erasures", "sqlite_schema",
    "sqlite_master",
  ]
  /// Indexes of what is on its way alone.
  private static let partial = ["turns_to_index", "responses_running", "usage_running"]
  /// What counts rows or pages, for people who ask.
  private static let counting = ["Statistics.swift", "StoreContents.swift"]

  /// Runs only where an index was found damaged, and reads the range of that.
  private static let repairing = "UPDATE turns SET search = 1 WHERE search = 2"

  private let anna = Principal.user(1000)
  private let ben = Principal(.user(1000), token: "editor")

  @Test func `no statement scans a table that grows`() async throws {
    let temporary = try TemporaryStore()
    let plans = try await plansAfterEverything(temporary)
    for (sql, plan) in plans {
      for line in plan where line.hasPrefix("SCAN") && !mayScan(line, plan) {
        Issue.record("\(line)\n\(sql)")
      }
    }
    let unseen = try statementsInSources().filter { statement in
      !statement.pieces[0].hasPrefix(Self.repairing)
        && !plans.keys.contains { statement.isPart(of: $0) }
    }
    #expect(unseen.isEmpty, "not run here: \(unseen.map(\.text).joined(separator: "\n"))")
  }

  private func mayScan(_ line: String, _ plan: [String]) -> Bool {
    let words = line.split(separator: " ")
    let name = words.count > 1 ? String(words[1]) : ""
    if line.contains("VIRTUAL TABLE INDEX") || line.hasPrefix("SCAN CONSTANT ROW") { return true }
    if Self.small.contains(name) || Self.partial.contains(where: line.hasSuffix) { return true }
    // The keys of all answers, at the start; `[cache] max_size` bounds them.
    if line.hasPrefix("SCAN cache_entries USING COVERING INDEX") { return true }
    // Parts of the same statement, whose own lines are looked at.
    return name.hasPrefix("(") || ["parts", "ranked", "younger", "json_each"].contains(name)
  }

  // MARK: What the sources say

  private struct Statement {
    let text: String
    let pieces: [String]

    init(_ literal: String) {
      text = literal
      pieces = Self.split(literal)
    }

    /// Whether all that is not filled in stands in a statement, in order.
    func isPart(of sql: String) -> Bool {
      var rest = Substring(Self.normalized(sql))
      for piece in pieces {
        guard let range = rest.firstRange(of: piece) else { return false }
        rest = rest[range.upperBound...]
      }
      return true
    }

    static func normalized(_ text: String) -> String {
      text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// The text without what is filled in.
    private static func split(_ text: String) -> [String] {
      var pieces: [String] = [""]
      var depth = 0
      var last: Character?
      for character in text {
        if depth == 0, last == "\\", character == "(" {
          pieces[pieces.count - 1].removeLast()
          pieces.append("")
          depth = 1
        } else if depth > 0 {
          depth += character == "(" ? 1 : character == ")" ? -1 : 0
        } else {
          pieces[pieces.count - 1].append(character)
        }
        last = character
      }
      return pieces.map(normalized).filter { !$0.isEmpty }
    }
  }

  private func statementsInSources() throws -> [Statement] {
    let root = #filePath.replacing("Tests/StoreTests/PlanTests.swift", with: "Sources/Store")
    var statements: [Statement] = []
    for path in swiftFiles(in: root) where !Self.counting.contains(where: path.hasSuffix) {
      let isSchema = path.contains("Schema") || path.contains("Migration")
      if isSchema { continue }
      let source = String(decoding: try contents(of: path), as: UTF8.self)
      statements += literals(in: source).filter(isStatement).map(Statement.init)
    }
    try #require(statements.count > 80)
    return statements
  }

  private func swiftFiles(in directory: String) -> [String] {
    fileNames(in: directory).flatMap { name in
      name.hasSuffix(".swift")
        ? ["\(directory)/\(name)"]
        : name.contains(".") ? [] : swiftFiles(in: "\(directory)/\(name)")
    }
  }

  private func isStatement(_ literal: String) -> Bool {
    let text = Statement.normalized(literal)
    return ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "].contains { text.hasPrefix($0) }
  }

  /// Texts in quotes; a line that is a comment has none.
  private func literals(in source: String) -> [String] {
    let code = source.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { line in !line.drop { $0 == " " }.hasPrefix("///") }.joined(separator: "\n")
    return code.components(between: "\"\"\"")
      + code.removing(between: "\"\"\"").split(separator: "\n").flatMap {
        String($0).components(between: "\"")
      }
  }
}

extension String {
  /// Every second part of a text that a mark divides.
  fileprivate func components(between mark: String) -> [String] {
    split(separator: mark, omittingEmptySubsequences: false).enumerated()
      .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
  }

  fileprivate func removing(between mark: String) -> String {
    split(separator: mark, omittingEmptySubsequences: false).enumerated()
      .filter { $0.offset.isMultiple(of: 2) }.map { String($0.element) }.joined(separator: "\n")
  }
}

// MARK: Everything that a store does

extension PlanTests {
  private func plansAfterEverything(_ temporary: TemporaryStore) async throws -> [String: [String]]
  {
    // What ends what a crash cut off is run by the next start.
    let interrupted = try await temporary.store.start(NewResponse(as: anna, input: []))
    var usage = NewUsage(of: .user(1000), client: "a", upstream: "u", model: "m", day: 20_260_131)
    usage.response = interrupted
    _ = try await temporary.store.recordUsage([(usage: usage, ending: nil)])
    let store = try await temporary.reopened()
    _ = try await store.interruptedResponses()
    let conversation = try await talk(store)
    try await ask(store, conversation)
    try await keepBooks(store)
    try await remove(store, conversation)
    try await removeShared(store)
    temporary.clock.advance(by: 200_000_000)
    try await store.say("old", "re")
    try await store.say("old", "re", after: .conversation(conversation))
    temporary.clock.advance(by: 200_000_000)
    _ = try await store.expire(RetentionPolicy(maximumBytes: 1))
    _ = try await store.expire(RetentionPolicy(maximumAge: .seconds(1)))
    let plans = try await store.plans()
    try await store.close()
    return plans
  }

  private func talk(_ store: Store) async throws -> String {
    let made = try await store.createConversation(
      as: ben, name: "garden", items: [message("tulip", id: "msg_a"), message("rose")])
    _ = try await store.openConversation(named: "garden", as: anna)
    _ = try await store.updateConversation(
      made.id, as: anna, ConversationUpdate(metadata: .emptyObject))
    var response = NewResponse(
      as: anna, id: "resp_a", parent: .conversation(made.id), input: [message("tulip asked")])
    response.scope = "s"
    response.idempotency = NewResponse.Idempotency(key: "k", bodyHash: [1])
    let usage = NewUsage(of: .user(1000), client: "a", upstream: "u", model: "m", day: 20_260_131)
    let (beginning, row) = try await store.beginResponse(response, using: usage)
    guard case .started(let handle, _) = beginning else { throw TestFailure("not started") }
    _ = try await store.beginResponse(response, using: usage)
    _ = try await store.adoptID("resp_b", for: handle)
    try await store.updateResponse(handle, ResponseUpdate())
    try await store.appendEvents([[1], [2]], from: 0, to: handle)
    _ = try await store.usage(of: handle)
    _ = try await store.hasItem("msg_a", besides: handle)
    let output = [answer("tulip answered", id: "msg_b")]
    _ = try await store.finishResponse(
      handle,
      ResponseEnding(
        status: .completed, object: object("resp_b", output), output: output,
        continuesConversation: true),
      after: nil, events: [[3]], from: 2,
      usage: row.map { SettledUsage($0, UsageEnding(status: "completed", origin: .miss)) })
    try await store.addMetadata(.emptyObject, toResponse: "resp_b", as: anna)
    _ = try await store.events(of: handle, after: -1)
    _ = try await store.cache(handle, as: [1, 2, 3, 4, 5, 6, 7, 8], parts: [])
    try await store.say("then", "re", after: .response("resp_b"), scope: "s")
    try await store.setLastResponse(ofScope: "s", to: "resp_b", as: anna)
    return made.id
  }

  private func ask(_ store: Store, _ conversation: String) async throws {
    let response = try await store.response("resp_b", as: anna)
    _ = try await store.principal(of: response)
    _ = try await store.conversation(of: response)
    _ = try await store.lastResponse(ofScope: "s", as: anna)
    for order in [PageRequest.Order.ascending, .descending] {
      _ = try await store.conversations(as: ben, PageRequest(order: order, after: conversation))
      _ = try await store.conversationItems(
        conversation, as: anna, PageRequest(order: order, after: "msg_a"))
      let log = ResponseLogRequest(PageRequest(order: order, after: "resp_b"))
      _ = try await store.log(log, as: anna)
    }
    _ = try await store.inputItems(ofResponse: "resp_b", as: anna, PageRequest())
    _ = try await store.item("msg_a", as: ben)
    _ = try await store.context(ofConversation: conversation, as: anna)
    for principal in [anna, ben] {
      _ = try await store.search(SearchRequest(query: "tulip"), as: principal)
    }
    _ = try await store.search(
      SearchRequest(query: "tulip", conversation: conversation), as: anna)
    let fork = try await store.forkConversation(conversation, as: anna, at: "resp_b", name: "f")
    _ = try await store.forkConversation(fork.id, as: anna, at: "msg_a")
    _ = try await store.conversations(as: anna, PageRequest())
    for prefix in ["f", conversation] {
      var page = PageRequest()
      page.prefix = prefix
      _ = try await store.conversations(as: anna, page)
    }
    _ = try await store.check()
  }

  private func keepBooks(_ store: Store) async throws {
    for grouping in UsageQuery.Grouping.allCases {
      var query = UsageQuery()
      query.grouping = grouping
      query.principal = anna
      _ = try await store.usageSummary(query)
    }
    let many = NewUsage(
      of: try #require(Subject("socket:ci")), client: "a", upstream: "u", model: "m",
      day: 20_260_201)
    let ending = UsageEnding(status: "completed", origin: .miss)
    _ = try await store.recordUsage((0..<5000).map { _ in (usage: many, ending: ending) })
    _ = try await store.usageSummary(UsageQuery())
    _ = try await store.spending(sinceDay: 20_260_101)
    let price = StoredPrice(model: "a", input: 1, cachedInput: 2, output: 3)
    try await store.replacePrices(of: "u", with: [price])
    _ = try await store.priceLists()
    _ = try await store.createToken("t", of: .user(1000), digest: [1], StoredToken.Limits())
    try await store.noteUse(ofTokens: [[1]: 1])
    _ = try await store.tokens()
    try await store.deleteToken("t", of: .user(1000))
    let subject = try #require(Subject("socket:ci"))
    let definition = ToolDefinitionRow(plugin: "p", tool: "t", digest: [1])
    try await store.approveToolDefinitions([definition], of: subject)
    _ = try await store.toolDefinitions(of: subject)
    try await store.forgetToolDefinitions(exceptOf: [])
    let key: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
    _ = try await store.cachedResponse(key, of: .user(1000), since: 0)
    try await store.noteCacheUse([(subject: .user(1000), key: key)])
    _ = try await store.cacheParts(of: .user(1000), limit: 9)
    _ = try await store.cacheKeyPrefixes()
    _ = try await store.cacheContents(of: .user(1000))
    _ = try await store.trimCache(cachedBefore: 0, maximumBytes: 0)
    _ = try await store.clearCache(of: .user(1000))
  }

  private func remove(_ store: Store, _ conversation: String) async throws {
    _ = try await store.deleteItem("msg_b", from: conversation, as: anna)
    let other = try await store.createConversation(as: anna, items: [message("gone", id: "msg_c")])
    _ = try await store.deleteItem("msg_c", from: other.id, as: anna)
    try await store.deleteConversation(other.id, as: anna)
    let named = try #require(try await store.conversation(named: "f", as: anna))
    try await store.deleteConversation(named.id, as: anna)
    try await store.deleteResponse("resp_b", as: anna)
  }

  private func removeShared(_ store: Store) async throws {
    let ci = Principal(try #require(Subject("socket:ci")))
    let source = try await store.createConversation(as: ci)
    let first = try await store.say("1", "one", as: ci, after: .conversation(source.id))
    _ = try await store.principal(of: store.response(first, as: ci))
    let handle = try await store.start(
      NewResponse(as: ci, parent: .conversation(source.id), input: [message("2")]))
    _ = try await store.createItems([message("between")], in: source.id, as: ci)
    let output = [answer("two", id: "msg_two")]
    _ = try await store.finishResponse(
      handle,
      ResponseEnding(
        status: .completed, object: object("x", output), output: output,
        continuesConversation: true))
    _ = try await store.deleteItem("msg_two", from: source.id, as: ci)
    let fork = try await store.forkConversation(source.id, as: ci, at: first)
    try await store.deleteConversation(source.id, as: ci)
    try await store.deleteConversation(fork.id, as: ci)
  }
}
