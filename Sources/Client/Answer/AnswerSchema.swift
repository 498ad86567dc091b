package import JSON

/// The schema that an answer is to keep to: `--schema`.
package struct AnswerSchema: Sendable {
  package let schema: RawJSON
  private let name: String

  /// - Parameters:
  ///   - argument: a JSON object, the path of a file that holds one, or fields in the short form.
  ///   - isMultiple: whether a list of such objects is asked for, as `items`.
  package init(argument: String, isMultiple: Bool = false) throws(Failure) {
    var schema: RawJSON
    if let fields = SchemaFields(argument) {
      schema = try fields.schema
      name = "answer"
    } else {
      (schema, name) = try Self.whole(argument)
    }
    self.schema = isMultiple ? SchemaFields.list(of: schema) : schema
  }

  private static func whole(_ argument: String) throws(Failure) -> (RawJSON, String) {
    let schema: RawJSON
    let isInline = argument.first { !$0.isWhitespace } == "{"
    let bytes = isInline ? Array(argument.utf8) : try FileContents.readInput(argument)
    let source = isInline ? "--schema" : argument
    do throws(JSONError) {
      schema = try RawJSON(parsing: bytes)
    } catch {
      throw .usage("\(source) is not JSON: \(error.message) at byte \(error.offset)")
    }
    guard schema.kind == .object else {
      throw .usage("\(source) is not a JSON Schema: an object was expected")
    }
    return (
      schema, name(schema["title"]?.string ?? (isInline ? "answer" : FileName(argument).base))
    )
  }

  /// The `text.format` of the request.
  package var format: RawJSON {
    .object { format in
      format.member("type", "json_schema")
      format.member("name", name)
      format.member("schema", schema)
      format.member("strict", Self.isStrict(schema))
    }
  }

  /// Makes a name that the API takes: at most 64 of `[A-Za-z0-9_-]`.
  private static func name(_ text: String) -> String {
    let stem = text.hasSuffix(".json") ? text.dropLast(5) : text[...]
    let name = stem.prefix(64).map { character in
      character.isASCII && (character.isLetter || character.isNumber || character == "-")
        ? character : "_"
    }
    return name.isEmpty ? "answer" : String(name)
  }

  /// Whether every object names all its members and takes no others. Upstreams refuse a schema in
  /// strict mode that is laxer.
  static func isStrict(_ schema: RawJSON) -> Bool {
    switch schema.kind {
    case .object:
      isClosed(schema) && schema.members.allSatisfy { isStrict($0.value) }
    case .array:
      schema.elements.allSatisfy(isStrict)
    default:
      true
    }
  }

  private static func isClosed(_ schema: RawJSON) -> Bool {
    let names = schema["type"]?.elements ?? []
    let isObject = schema["type"]?.string == "object" || names.contains { $0.string == "object" }
    guard isObject else { return true }
    let required = Set(schema["required"]?.elements.compactMap(\.string) ?? [])
    let properties = schema["properties"]?.members.map(\.key) ?? []
    return schema["additionalProperties"]?.boolean == false && required.isSuperset(of: properties)
  }
}
