internal import JSON
internal import Synchronization

/// Keeps the latest requests as they came, so that tests see what went upstream.
final class RequestLog: Sendable {
  private static let maximumEntries = 100
  private static let maximumBodyBytes = 1 << 20

  private struct Entry {
    let method: String
    let target: String
    let headers: [HTTPRequest.Header]
    let body: ArraySlice<UInt8>
    let bodyBytes: Int
    let isAuthorized: Bool?
  }

  private let entries = Mutex<[Entry]>([])

  /// - Parameter key: the bearer key that was expected, if any.
  func append(_ request: HTTPRequest, key: String?) {
    let entry = Entry(
      method: request.method, target: Self.target(request), headers: request.headers,
      body: Array(request.body.prefix(Self.maximumBodyBytes))[...],
      bodyBytes: request.body.count,
      isAuthorized: key.map { request.header("authorization") == "Bearer \($0)" })
    entries.withLock { entries in
      if entries.count == Self.maximumEntries { entries.removeFirst() }
      entries.append(entry)
    }
  }

  private static func target(_ request: HTTPRequest) -> String {
    guard !request.query.isEmpty else { return request.path }
    let pairs = request.query.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return request.path + "?" + pairs.joined(separator: "&")
  }

  func removeAll() {
    entries.withLock { $0.removeAll() }
  }

  /// The requests, the oldest first; instead of a key, the length of its header.
  var json: RawJSON {
    let entries = entries.withLock { $0 }
    return .object { writer in
      writer.member("object", "list")
      writer.key("data")
      writer.array { writer in
        for entry in entries { Self.write(entry, to: &writer) }
      }
    }
  }

  private static func write(_ entry: Entry, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("method", entry.method)
      writer.member("path", entry.target)
      writer.key("headers")
      writer.array { writer in
        for header in entry.headers { write(header, to: &writer) }
      }
      writer.member("authorized", entry.isAuthorized.map(RawJSON.boolean) ?? .null)
      writer.member("body_bytes", entry.bodyBytes)
      writer.member("body", String(decoding: entry.body, as: UTF8.self))
    }
  }

  private static func write(_ header: HTTPRequest.Header, to writer: inout JSONWriter) {
    let isSecret = header.name.lowercased() == "authorization"
    writer.array { writer in
      writer.string(header.name)
      writer.string(isSecret ? "(\(header.value.utf8.count) bytes)" : header.value)
    }
  }
}
