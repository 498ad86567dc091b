internal import JSON
internal import Store
internal import Synchronization

/// What a request said and what was answered, where that is stored nowhere: a later request on the
/// same connection may go on from it.
package final class UnstoredTurn: Sendable {
  private static let bytes = Atomic(0)
  /// Bytes of all of them.
  package static var bytesOfAll: Int { bytes.load(ordering: .relaxed) }

  let turn: StoredContext.Turn
  private let held: Int

  init(input: [RawJSON], output: [RawJSON], of origin: StoredContext.Origin?) {
    var items: [StoredItem] = []
    for (list, isOutput) in [(input, false), (output, true)] {
      for json in list {
        // A copy: the item's bytes are a part of all that came with it.
        items.append(
          StoredItem(
            unstored: RawJSON(checked: Array(json.bytes)[...]), isOutput: isOutput,
            position: Int64(items.count)))
      }
    }
    turn = StoredContext.Turn(response: origin, items: items)
    held = items.reduce(0) { $0 + $1.json.bytes.count }
    Self.bytes.add(held, ordering: .relaxed)
  }

  deinit {
    Self.bytes.subtract(held, ordering: .relaxed)
  }
}

/// What a request goes on from that is stored nowhere, behind what is.
package struct UnstoredContext: Sendable {
  /// The last response of it.
  package let responseID: String
  let parent: NewResponse.Parent
  let turns: [UnstoredTurn]
}
