internal import JSON

/// Makes text of a plugin fit for people and models: without what can't be seen, and not too long.
package enum PlainText {
  /// Removes control characters but line ends and tabs, and all that shows nothing, reorders text
  /// or hides it: a description must say to people what it says to a model.
  package static func clean(_ text: String, maximumBytes: Int = .max) -> String {
    cut(String(String.UnicodeScalarView(text.unicodeScalars.filter(isKept))), to: maximumBytes)
  }

  /// The same on one line.
  package static func line(_ text: String, maximumBytes: Int) -> String {
    let spaced = text.unicodeScalars.map { $0.properties.isWhitespace ? " " : $0 }
    return clean(String(String.UnicodeScalarView(spaced)), maximumBytes: maximumBytes)
  }

  /// Cuts text behind a whole character and marks it so.
  package static func cut(_ text: String, to maximumBytes: Int) -> String {
    guard text.utf8.count > maximumBytes else { return text }
    var end = text.utf8.index(text.startIndex, offsetBy: max(maximumBytes - 3, 0))
    while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
    return text[..<end] + "…"
  }

  private static func isKept(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == "\n" || scalar == "\t" { return true }
    return switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate,
      .unassigned:
      false
    default: true
    }
  }

  /// Cleans the titles and descriptions anywhere in a schema; models read them too.
  static func clean(schema: RawJSON, maximumBytes: Int) -> RawJSON {
    switch schema.kind {
    case .object:
      .object { object in
        for member in schema.members {
          let isText = member.key == "description" || member.key == "title"
          if isText, let text = member.value.string {
            object.member(member.key, clean(text, maximumBytes: maximumBytes))
          } else {
            object.member(member.key, clean(schema: member.value, maximumBytes: maximumBytes))
          }
        }
      }
    case .array:
      .build { writer in
        writer.array { array in
          for element in schema.elements {
            array.value(clean(schema: element, maximumBytes: maximumBytes))
          }
        }
      }
    default: schema
    }
  }
}
