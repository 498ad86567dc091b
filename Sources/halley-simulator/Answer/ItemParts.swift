internal import JSON

/// Collects what the parts of an item say and what they attach.
struct ItemParts {
  private(set) var text = ""
  private(set) var attachments: [String] = []

  /// Adds a string, or an array of content parts.
  mutating func add(_ value: RawJSON) {
    if let string = value.string { append(string) }
    for part in value.elements { addPart(part) }
  }

  private mutating func append(_ string: String) {
    if !text.isEmpty { text += "\n" }
    text += string
  }

  private mutating func addPart(_ part: RawJSON) {
    let members = Dictionary(part.members.map { ($0.key, $0.value) }) { $1 }
    switch members["type"]?.string {
    case "input_image": addImage(members)
    case "input_file": addFile(members)
    default:
      if let string = (members["text"] ?? members["refusal"])?.string { append(string) }
    }
  }

  private mutating func addImage(_ members: [String: RawJSON]) {
    let source: String
    if let url = members["image_url"], !url.isNull {
      source = Self.describe(url)
    } else {
      source = "file \(members["file_id"]?.string ?? "without an id")"
    }
    let detail = members["detail"]?.string ?? "auto"
    attachments.append("image (\(source), detail \(detail))")
  }

  private mutating func addFile(_ members: [String: RawJSON]) {
    var words: [String] = []
    if let name = members["filename"]?.string { words.append(name) }
    if let data = members["file_data"], !data.isNull { words.append(Self.describe(data)) }
    if let url = members["file_url"]?.string { words.append("at \(url)") }
    if let id = members["file_id"]?.string { words.append("file \(id)") }
    attachments.append("file (\(words.joined(separator: ", ")))")
  }

  /// Tells type and size of a data: URL or bare base64 without decoding it, or quotes a URL.
  private static func describe(_ value: RawJSON) -> String {
    let written = value.bytes.dropFirst().dropLast()
    let opening = String(decoding: written.prefix(256), as: UTF8.self)
    if opening.hasPrefix("http:") || opening.hasPrefix("https:") {
      return "at \(value.string ?? opening)"
    }
    var type = "base64"
    var data = written
    if opening.hasPrefix("data:"), let comma = written.firstIndex(of: UInt8(ascii: ",")) {
      let media = opening.dropFirst(5).prefix { $0 != ";" && $0 != "," }
      type = media.filter { $0 != "\\" }
      data = written[written.index(after: comma)...]
    }
    return "\(type), \(decodedLength(data)) bytes"
  }

  /// Returns how many bytes base64 stands for; a JSON escape of `/` is counted once.
  private static func decodedLength(_ base64: ArraySlice<UInt8>) -> Int {
    var digits = 0
    for byte in base64 where byte != UInt8(ascii: "\\") && byte != UInt8(ascii: "=") {
      digits += 1
    }
    return digits * 3 / 4
  }
}
