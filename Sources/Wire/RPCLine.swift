package import JSON

/// A message on its way out, as the pieces of its line, so that what is large is never copied
/// (JSON-RPC 2.0, sections 4 and 5).
package struct RPCLine: Sendable {
  package let pieces: [ArraySlice<UInt8>]

  private static let begin = Array(#"{"jsonrpc":"2.0""#.utf8)
  private static let end = Array("}\n".utf8)[...]

  /// - Parameter member: the name of the last member with its comma and colon.
  private init(_ id: RawJSON?, _ member: String, _ value: [ArraySlice<UInt8>]) {
    var head = Self.begin
    if let id {
      head += #","id":"#.utf8
      head += id.bytes
    }
    head += member.utf8
    pieces = [head[...]] + value + [Self.end]
  }

  /// A request, or a notification when it has no id.
  package init(id: RawJSON? = nil, _ method: String, _ params: RawJSON) {
    self.init(
      id, #","method":\#(RawJSON.string(method).text),"params":"#, [params.onOneLine.bytes])
  }

  /// - Parameter result: a value on one line, in pieces.
  package init(answering id: RPCID, result: [ArraySlice<UInt8>]) {
    self.init(id.json, #","result":"#, result)
  }

  /// - Parameter id: nil where the request's id could not be read.
  package init(answering id: RPCID?, error: RawJSON) {
    self.init(id?.json ?? .null, #","error":"#, [error.bytes])
  }

  /// The beginning of a notification of an event.
  fileprivate static func beginning(_ method: String, of id: RPCID) -> [UInt8] {
    var line = begin
    line += #","method":"\#(method)","params":{"id":"#.utf8
    line += id.json.bytes
    line += #","event":"#.utf8
    return line
  }
}

/// The notifications of the events of one request, whose params are `{"id":…,"event":…}`.
package struct EventLines: Sendable {
  private let prefix: [UInt8]
  private static let suffix = Array("}}\n".utf8)

  package init(_ method: String, of id: RPCID) {
    prefix = RPCLine.beginning(method, of: id)
  }

  package func pieces(_ event: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    [prefix[...], event, Self.suffix[...]]
  }

  /// Appends an event's line to a chunk.
  ///
  /// - Returns: whether it did; not where the chunk would be longer than the limit.
  package func append(
    _ event: Span<UInt8>, to chunk: inout [UInt8], limit: Int
  ) -> Bool {
    guard chunk.count + prefix.count + event.count + Self.suffix.count <= limit else {
      return false
    }
    chunk.append(contentsOf: prefix)
    chunk.append(contentsOf: event)
    chunk.append(contentsOf: Self.suffix)
    return true
  }
}
