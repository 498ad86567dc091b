import Foundation
import JSON
import Service
import Store
import Testing
import Wire

/// What was said before a request, in a store of its own.
final class SaidBefore: Sendable {
  static let user = Principal.user(1000)

  let store: Store
  private let directory: String

  init() throws {
    directory = "/tmp/halley-said-\(UInt64.random(in: 0 ... .max))"
    store = try Store.open(StoreConfiguration(directory: directory))
  }

  deinit {
    do {
      try FileManager.default.removeItem(atPath: directory)
    } catch {
      Issue.record("\(directory) was not removed: \(error)")
    }
  }

  /// Stores a turn, which an upstream made, and returns the response's id.
  @discardableResult
  func say(
    _ question: String, _ reply: [String], after parent: NewResponse.Parent = .none,
    by upstream: String = "main", scope: String? = nil, ends: Bool = true
  ) async throws -> String {
    var response = NewResponse(as: Self.user, parent: parent, input: [Self.message(question)])
    response.upstream = upstream
    response.keyIdentity = "key"
    response.model = "m"
    response.scope = scope
    guard case .started(let handle, _) = try await store.beginResponse(response) else {
      throw RPCError(.internal, "it was begun before")
    }
    var change = ResponseUpdate()
    change.upstreamID = "up_\(question)"
    try await store.updateResponse(handle, change)
    guard ends else { return response.id }
    let output = reply.map { RawJSON(checked: Array($0.utf8)[...]) }
    _ = try await store.finishResponse(
      handle,
      ResponseEnding(
        status: .completed, object: .emptyObject, output: output, continuesConversation: true))
    return response.id
  }

  static func message(_ text: String) -> RawJSON {
    .object {
      $0.member("type", "message")
      $0.member("role", "user")
      $0.member("content", text)
    }
  }

  static func request(_ members: String) throws -> CreateRequest {
    try CreateRequest(params: RawJSON(parsing: #"{"model":"m","input":"now",\#(members)}"#))
  }

  func context(_ members: String, as principal: Principal = user) async throws -> RequestContext {
    var context = try await RequestContext.find(
      Self.request(members), as: principal, in: store)
    try await context.load(as: principal, from: store)
    return context
  }
}
