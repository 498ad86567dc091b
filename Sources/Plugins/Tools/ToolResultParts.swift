internal import Configuration
internal import JSON

/// Gathers the blocks of a tool's result.
struct ToolResultParts {
  private enum Part {
    case text(String)
    case image(url: String)
  }

  /// What models look at.
  private static let imageTypes = ["image/png", "image/jpeg", "image/gif", "image/webp"]

  /// What a block of a type can't do without.
  private static let required: [String: (member: String, kind: RawJSON.Kind)] = [
    "text": ("text", .string), "image": ("data", .string), "audio": ("data", .string),
    "resource": ("resource", .object), "resource_link": ("uri", .string),
  ]

  private var parts: [Part] = []
  private var bytesLeft: Int

  init(maximumBytes: Int) {
    bytesLeft = maximumBytes
  }

  /// Adds a content block; blocks of one kind or another are in all versions of the protocol.
  mutating func add(_ block: RawJSON, at index: Int) throws(MCPMismatch) {
    try MCPMismatch.check(block, is: .object, "content[\(index)]")
    try MCPMismatch.check(block["type"], is: .string, "content[\(index)].type")
    let type = block["type"]?.string ?? ""
    if let (member, kind) = Self.required[type] {
      try MCPMismatch.check(block[member], is: kind, "content[\(index)].\(member)")
    }
    switch type {
    case "text": add(block["text"]?.string ?? "")
    case "image": addBinary(block["data"], block["mimeType"], called: "an image")
    case "audio": addBinary(block["data"], block["mimeType"], called: "audio")
    case "resource": addResource(block["resource"] ?? .null)
    case "resource_link": add("A resource: \(Self.link(block))")
    default: add("[a part of the unknown type \(Self.quoted(type))]")
    }
  }

  mutating func add(_ text: String) {
    guard bytesLeft > 0 else { return }
    var kept = text
    if text.utf8.count > bytesLeft {
      kept = PlainText.cut(text, to: bytesLeft)
      kept += "\n[cut here: \(text.utf8.count) bytes were too many]"
    }
    // With the line end before the next one: empty texts are not for nothing either.
    bytesLeft -= text.utf8.count + 1
    guard case .text(var joined)? = parts.last else { return parts.append(.text(kept)) }
    parts.removeLast()
    joined += "\n" + kept
    parts.append(.text(joined))
  }

  private mutating func addResource(_ resource: RawJSON) {
    if let text = resource["text"]?.string {
      add("\(Self.link(resource)):\n\(text)")
    } else {
      addBinary(
        resource["blob"], resource["mimeType"], called: "the resource " + Self.link(resource))
    }
  }

  /// Adds an image as one; anything else can't be shown to a model.
  private mutating func addBinary(_ data: RawJSON?, _ mediaType: RawJSON?, called name: String) {
    let data = data?.string ?? ""
    let type = mediaType?.string ?? ""
    guard Self.imageTypes.contains(type), Self.isBase64(data) else {
      return add(
        "[\(name) of type \(Self.quoted(type)), \(data.utf8.count / 4 * 3) bytes, not shown]")
    }
    guard data.utf8.count <= bytesLeft else {
      return add("[\(name) of \(data.utf8.count / 4 * 3) bytes, too large to be shown]")
    }
    bytesLeft -= data.utf8.count
    parts.append(.image(url: "data:\(type);base64,\(data)"))
  }

  var output: RawJSON {
    if parts.count == 1, case .text(let text) = parts[0] { return .string(text) }
    guard !parts.isEmpty else { return .string("") }
    return .build { writer in
      writer.array { array in
        for part in parts { array.object { Self.write(part, to: &$0) } }
      }
    }
  }

  private static func write(_ part: Part, to writer: inout JSONWriter) {
    switch part {
    case .text(let text):
      writer.member("type", "input_text")
      writer.member("text", text)
    case .image(let url):
      writer.member("type", "input_image")
      writer.member("image_url", url)
    }
  }

  private static func link(_ resource: RawJSON) -> String {
    let address = resource["uri"]?.string ?? "without an address"
    let name = (resource["title"] ?? resource["name"])?.string.map { "\($0), " } ?? ""
    return PlainText.line(name + address, maximumBytes: 1024)
  }

  private static func quoted(_ text: String) -> String {
    "\"\(PlainText.line(text, maximumBytes: 80))\""
  }

  /// RFC 4648, section 4: what a data: URL of that kind may hold.
  private static func isBase64(_ text: String) -> Bool {
    let digits = text.utf8.drop { $0.isASCIILetterOrDigit || $0 == 0x2B || $0 == 0x2F }
    return !text.isEmpty && text.utf8.count % 4 == 0 && digits.count <= 2
      && digits.allSatisfy { $0 == UInt8(ascii: "=") }
  }
}
