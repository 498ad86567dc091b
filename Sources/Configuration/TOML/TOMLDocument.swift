internal import CTOML

/// Reads TOML 1.0 with toml++.
enum TOMLDocument {
  /// - Parameter path: the file's name, for positions.
  static func parse(_ text: [UInt8], path: String) throws(ConfigurationError) -> TOMLTable {
    let document = unsafe text.withUnsafeBytes { bytes in
      unsafe ctoml_parse(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    guard let document = unsafe document else {
      throw ConfigurationError(
        .file(path, line: 1, column: 1), found: "no memory to read it", expected: "more memory")
    }
    defer { unsafe ctoml_free(document) }
    let message = unsafe string(ctoml_error(document))
    guard message.isEmpty else {
      let position = unsafe ctoml_error_position(document)
      throw ConfigurationError(
        origin(path, position), found: "text that is not TOML (\(message))", expected: "TOML 1.0")
    }
    var count = 0
    let nodes = unsafe UnsafeBufferPointer(start: ctoml_nodes(document, &count), count: count)
    var reader = unsafe NodeReader(path: path, nodes: nodes)
    guard case .table(let root) = reader.next().node.value else { return TOMLTable() }
    return root
  }

  fileprivate static func string(_ text: ctoml_text) -> String {
    unsafe String(
      decoding: UnsafeRawBufferPointer(start: text.bytes, count: text.length), as: UTF8.self)
  }

  fileprivate static func origin(_ path: String, _ position: ctoml_position) -> ConfigurationOrigin
  {
    .file(path, line: Int(position.line), column: Int(position.column))
  }
}

/// Builds a tree again from the flat list, which has every container before its children.
@safe private struct NodeReader {
  let path: String
  /// Alive for as long as the document that `parse` holds.
  let nodes: UnsafeBufferPointer<ctoml_node>
  var index = 0

  init(path: String, nodes: UnsafeBufferPointer<ctoml_node>) {
    self.path = path
    unsafe self.nodes = unsafe nodes
  }

  mutating func next() -> TOMLTable.Entry {
    let flat = unsafe nodes[index]
    index += 1
    let value: TOMLNode.Value =
      switch unsafe flat.kind {
      case CTOML_TABLE: unsafe .table(table(flat.children, isInline: flat.is_inline))
      case CTOML_ARRAY: unsafe .array(children(flat.children).map(\.node))
      case CTOML_STRING: unsafe .string(TOMLDocument.string(flat.string))
      case CTOML_INTEGER: unsafe .integer(flat.integer)
      case CTOML_FLOAT: unsafe .float(flat.floating)
      case CTOML_BOOLEAN: unsafe .boolean(flat.boolean)
      default: .dateTime
      }
    return unsafe TOMLTable.Entry(
      key: TOMLDocument.string(flat.key),
      keyOrigin: TOMLDocument.origin(path, flat.key_position),
      node: TOMLNode(value: value, origin: TOMLDocument.origin(path, flat.position)))
  }

  private mutating func table(_ count: Int, isInline: Bool) -> TOMLTable {
    TOMLTable(entries: children(count), isInline: isInline)
  }

  private mutating func children(_ count: Int) -> [TOMLTable.Entry] {
    var children: [TOMLTable.Entry] = []
    for _ in 0..<count { children.append(next()) }
    return children
  }
}
