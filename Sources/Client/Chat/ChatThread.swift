package import JSON

/// What the next message of a chat goes on from.
package struct ChatThread: Sendable {
  private enum Link: Equatable {
    /// The last response of the terminal, whichever that is.
    case scope
    case response(String)
    case beginning
  }

  /// A conversation's name or id; nil until there is one, and where the chat has none.
  package private(set) var conversation: String?
  /// Whether the messages are kept as a conversation of the daemon.
  package private(set) var keepsConversation: Bool
  private let isStored: Bool
  /// Where the chat began, and its responses, if those are what it goes on from.
  private var links: [Link]
  /// The items of each turn, where nobody else keeps them.
  private var turns: [[RawJSON]] = []

  /// - Parameters:
  ///   - continuesScope: whether it begins with the last response of this terminal (`-c`).
  ///   - isStored: whether the daemon may keep its text.
  package init(conversation: String?, continuesScope: Bool, isStored: Bool) {
    self.conversation = conversation
    self.isStored = isStored
    keepsConversation = isStored && !continuesScope
    links = [continuesScope ? .scope : .beginning]
  }

  /// Whether a conversation has to be made before the next message.
  package var needsConversation: Bool { keepsConversation && conversation == nil }

  /// Whether it goes on from the last response of the terminal, whichever that is.
  package var continuesScope: Bool { links == [.scope] }

  /// Whether a message of this chat can be taken back here, without the daemon.
  package var canUndo: Bool { isStored ? links.count > 1 : !turns.isEmpty }

  /// The response that holds all that was said, where no conversation does.
  package var lastResponse: String? {
    if case .response(let id)? = links.last { return id }
    return nil
  }

  /// What was said, where nobody else keeps it.
  package var items: [RawJSON] { turns.flatMap(\.self) }

  package mutating func begin(in conversation: String) {
    self.conversation = conversation
  }

  /// Leaves what was said behind.
  package mutating func restart() {
    conversation = nil
    links = [.beginning]
    turns = []
  }

  /// Has a request go on from here.
  package func apply(to request: inout CreateRequest) {
    request.conversation = conversation
    request.earlierItems = items
    guard conversation == nil else { return }
    switch links.last {
    case .scope?: request.continuesScope = true
    case .response(let id)?: request.previousResponseID = id
    case .beginning?, nil: break
    }
  }

  /// Takes the answer to a request that went on from here; false where there is none: a request
  /// that failed before anything was said leaves no trace.
  @discardableResult
  package mutating func take(_ response: RawJSON, to request: CreateRequest) -> Bool {
    let isWhole =
      response["status"]?.string == "completed" || response.nonNull("incomplete_details") != nil
    guard isWhole || !ResponseText.text(of: response).isEmpty else { return false }
    if !isStored {
      turns.append([request.message] + Self.repeatable(response["output"]?.elements ?? []))
    } else if links == [.scope], let id = response["halley"]?["conversation"]?["id"]?.string {
      keepsConversation = true
      conversation = id
    } else if conversation == nil, let id = response["id"]?.string {
      if links == [.scope] {
        links = [response["previous_response_id"]?.string.map(Link.response) ?? .beginning]
      }
      links.append(.response(id))
    }
    return true
  }

  /// What may be sent again: reasoning that only the upstream could look up is not, because it has
  /// kept nothing.
  private static func repeatable(_ items: [RawJSON]) -> [RawJSON] {
    items.filter { $0["type"]?.string != "reasoning" || $0.nonNull("encrypted_content") != nil }
  }

  /// Goes back to before the last message; `canUndo` says whether that is possible.
  package mutating func undo() {
    if isStored { links.removeLast() } else { turns.removeLast() }
  }
}
