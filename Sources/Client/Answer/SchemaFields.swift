internal import Glibc
internal import JSON

/// The short form of a schema: `name, age int, bio: one line`.
///
/// A field is a name, its type where that is no string, and behind a colon what it means. Commas stand
/// between fields or, where there are several lines, their ends, so that a meaning may hold commas.
struct SchemaFields {
  private static let types: [String: String] = [
    "str": "string", "string": "string", "int": "integer", "integer": "integer",
    "float": "number", "number": "number", "bool": "boolean", "boolean": "boolean",
  ]

  private let text: String

  /// - Parameter argument: what stands behind `--schema`; nil where it is JSON or a file.
  init?(_ argument: String) {
    let text = argument.trimmed
    guard text.first != "{", !text.contains("/"), !text.hasSuffix(".json"),
      unsafe access(argument, F_OK) != 0
    else { return nil }
    // Fields are separate words; anything else is the name of a file that is missing.
    let head = text.prefix { $0 != "," && $0 != ":" && !$0.isWhitespace }
    guard Self.isName(head) else { return nil }
    self.text = text
  }

  /// An object that has all of the fields and no others.
  var schema: RawJSON {
    get throws(Failure) {
      let lines = text.split(whereSeparator: \.isNewline)
      let fields = lines.count > 1 ? lines : text.split(separator: ",")
      var properties: [(key: String, value: RawJSON)] = []
      for field in fields where !String(field).trimmed.isEmpty {
        let property = try Self.property(String(field).trimmed)
        guard !properties.contains(where: { $0.key == property.key }) else {
          throw .usage("--schema: the field \"\(property.key)\" is there twice")
        }
        properties.append(property)
      }
      return Self.object(properties)
    }
  }

  /// An object whose `items` is a list of what a schema describes.
  static func list(of schema: RawJSON) -> RawJSON {
    object([
      (
        "items",
        .object {
          $0.member("type", "array")
          $0.member("items", schema)
        }
      )
    ])
  }

  private static func property(_ field: String) throws(Failure) -> (key: String, value: RawJSON) {
    let colon = field.firstIndex(of: ":")
    let words = field[..<(colon ?? field.endIndex)].split(whereSeparator: \.isWhitespace)
    let meaning = colon.map { String(field[field.index(after: $0)...]).trimmed } ?? ""
    guard let name = words.first, isName(name), words.count <= 2 else {
      throw .usage(
        "--schema: \"\(field)\" is no field",
        advice: "as in --schema 'name, age int, bio: one line'; or give JSON, or a file")
    }
    guard let type = types[words.count > 1 ? String(words[1]) : "str"] else {
      throw .usage(
        "--schema: \"\(words[1])\" found as the type of \"\(name)\", "
          + "one of str, int, float and bool was expected")
    }
    let value = RawJSON.object {
      $0.member("type", type)
      if !meaning.isEmpty { $0.member("description", meaning) }
    }
    return (String(name), value)
  }

  private static func object(_ properties: [(key: String, value: RawJSON)]) -> RawJSON {
    .object { schema in
      schema.member("type", "object")
      schema.key("properties")
      schema.object { for property in properties { $0.member(property.key, property.value) } }
      schema.key("required")
      schema.array { for property in properties { $0.string(property.key) } }
      schema.member("additionalProperties", false)
    }
  }

  private static func isName(_ text: Substring) -> Bool {
    guard let first = text.unicodeScalars.first, first.properties.isAlphabetic || first == "_"
    else { return false }
    return text.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || $0 == "_" || $0 == "-" || ("0"..."9").contains($0)
    }
  }
}

extension String {
  /// Without the white space around it.
  var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
