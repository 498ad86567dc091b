internal import Wire

/// What a line of a chat that begins with a slash asks for.
package enum ChatCommand: Equatable, Sendable {
  case model(String?)
  case attach(String?)
  case fork(String?)
  case save(String)
  /// Globs of the tools that are offered from now on; nil asks which there are.
  case tools([String]?)
  /// What the editor begins with.
  case edit(String?)
  case undo, new, help, quit

  package static let names = [
    "/attach", "/edit", "/fork", "/help", "/model", "/new", "/quit", "/save", "/tools", "/undo",
  ]

  package static let overview = """
    /model [NAME]       say or change who answers
    /attach [FILE|URL]  send it with the next message; alone: say what is attached
    /edit [TEXT]        write the message in $EDITOR
    /tools [GLOB ...]   offer these of the daemon's tools, or "off"; alone: list them
    /undo               take the last message and its answer back
    /fork [NAME]        go on in a copy; the conversation itself stays as it is
    /save NAME          give the conversation a name, for halley -C and editors
    /save FILE.md       write what was said to a file: .md, .txt or .json
    /new                begin a new conversation
    /help               say this
    /quit               leave, as Ctrl-D does

    Alt-Enter, or a backslash at the end, goes on in a further line.
    Ctrl-C stops the answer, or gives up what is typed.
    Up and Ctrl-R find what was typed before. //text sends /text.

    """

  /// Reads a line; nil where it is a message.
  ///
  /// A path is no command: `/etc/fstab is what?` is a message.
  package init?(_ line: String) throws(Failure) {
    let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
    guard let name = words.first, name.utf8.first == UInt8(ascii: "/"),
      !name.dropFirst().contains("/"), !line.contains("\n")
    else { return nil }
    let rest = line.drop { !$0.isWhitespace }
    let argument = String(rest.trimming(\.isWhitespace))
    try self.init(name, argument.isEmpty ? nil : argument, words: Array(words.dropFirst()))
  }

  private init(_ name: String, _ argument: String?, words: [String]) throws(Failure) {
    switch name {
    case "/model": self = .model(argument)
    case "/attach": self = .attach(argument)
    case "/edit": self = .edit(argument)
    case "/fork": self = .fork(argument)
    case "/tools": self = .tools(words.isEmpty ? nil : words == ["off"] ? [] : words)
    case "/undo": self = .undo
    case "/new": self = .new
    case "/help", "/?": self = .help
    case "/quit", "/exit", "/q": self = .quit
    case "/save":
      guard let argument else {
        throw .usage("/save needs a name for the conversation, or a file such as notes.md")
      }
      self = .save(argument)
    default: throw Self.unknown(name)
    }
  }

  private static func unknown(_ name: String) -> Failure {
    let near = closest(to: name, among: names).map { "did you mean \($0)? " } ?? ""
    return .usage(
      "there is no \(name)", advice: "\(near)/help lists what there is; /\(name) sends it as it is")
  }

  /// A message as it is to be sent: of two slashes at its beginning one is left out.
  package static func message(_ line: String) -> String {
    line.hasPrefix("//") ? String(line.dropFirst()) : line
  }
}

extension Substring {
  fileprivate func trimming(_ isLeftOut: (Character) -> Bool) -> Substring {
    var text = drop(while: isLeftOut)
    while let last = text.last, isLeftOut(last) { text.removeLast() }
    return text
  }
}
