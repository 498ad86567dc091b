package import JSON

/// An item of a conversation or of a response's input or output.
package struct StoredItem: Sendable, Equatable {
  /// Unique among the user's items. The item's own id, unless it had none or one that another
  /// item has.
  package let id: String
  package let type: String
  package let role: String?
  /// Whether a response made it.
  package let isOutput: Bool
  /// Milliseconds since 1970.
  package let createdAt: Int64
  /// The item as it came.
  package let json: RawJSON

  let row: Int64
  let turn: Int64
  /// Among the items of its turn; one that was deleted leaves a gap.
  package let position: Int64

  /// The item as lists show it: with its id, its type and a status, and a message's text as a part.
  package var listed: RawJSON {
    var listed = json
    if json["type"] == nil { listed = listed.setting("type", to: .string(type)) }
    if json["id"]?.string != id { listed = listed.setting("id", to: .string(id)) }
    guard type == "message" else { return listed }
    if json.nonNull("status") == nil { listed = listed.setting("status", to: .string("completed")) }
    if let text = json["content"], text.kind == .string {
      listed = listed.setting("content", to: Self.parts(text, isAnswer: role == "assistant"))
    }
    return listed
  }

  /// An item of a turn that is stored nowhere.
  ///
  /// - Parameter position: among the items of its turn.
  package init(unstored json: RawJSON, isOutput: Bool, position: Int64) {
    id = json["id"]?.string ?? ""
    type = json["type"]?.string ?? "message"
    role = json["role"]?.string
    self.isOutput = isOutput
    createdAt = 0
    self.json = json
    row = 0
    turn = 0
    self.position = position
  }

  init(
    id: String, type: String, role: String?, isOutput: Bool, createdAt: Int64, json: RawJSON,
    row: Int64, turn: Int64, position: Int64
  ) {
    self.id = id
    self.type = type
    self.role = role
    self.isOutput = isOutput
    self.createdAt = createdAt
    self.json = json
    self.row = row
    self.turn = turn
    self.position = position
  }

  private static func parts(_ text: RawJSON, isAnswer: Bool) -> RawJSON {
    .build { writer in
      writer.array { writer in
        writer.object { part in
          part.member("type", isAnswer ? "output_text" : "input_text")
          part.member("text", text)
          if isAnswer {
            part.key("annotations")
            part.array { _ in }
          }
        }
      }
    }
  }
}
