package import JSON

/// One thing that goes with a prompt: an image or a file, inlined or by its URL.
package enum Attachment: Sendable {
  case inline(type: String, name: String, bytes: [UInt8])
  case remote(url: String, type: String? = nil)

  /// - Parameters:
  ///   - argument: what stands behind `-a`: a path or an `http` URL.
  ///   - type: its media type; nil for what its bytes and its name say.
  package init(
    argument: String, type: String? = nil, _ limit: InputLimit = InputLimit()
  ) throws(Failure) {
    if argument.hasPrefix("https://") || argument.hasPrefix("http://") {
      self = .remote(url: argument, type: type)
    } else {
      let bytes = try FileContents.readInput(argument, limit)
      let name = FileName(argument).base
      self = .inline(type: type ?? MediaType.sniff(bytes, name: name), name: name, bytes: bytes)
    }
  }

  /// Takes what came from stdin, which has no name.
  package init(stdin bytes: [UInt8], type: String? = nil) {
    let type = type ?? MediaType.sniff(bytes, name: "")
    self = .inline(type: type, name: "stdin." + MediaType.usualExtension(of: type), bytes: bytes)
  }

  /// What it is called where it is spoken of.
  package var name: String {
    switch self {
    case .inline(_, let name, _): name
    case .remote(let url, _): url
    }
  }

  /// The content part of a user message.
  package var part: RawJSON {
    switch self {
    case .inline(let type, let name, let bytes):
      Self.inlinePart(type, name, "data:\(type);base64,\(Base64.encode(bytes))")
    case .remote(let url, let type):
      Self.remotePart(url, type)
    }
  }

  private static func inlinePart(_ type: String, _ name: String, _ dataURL: String) -> RawJSON {
    .object { part in
      if MediaType.isImage(type) {
        part.member("type", "input_image")
        part.member("image_url", dataURL)
      } else {
        part.member("type", "input_file")
        part.member("filename", name)
        part.member("file_data", dataURL)
      }
    }
  }

  private static func remotePart(_ url: String, _ type: String?) -> RawJSON {
    let known = type ?? MediaType.byExtension(FileName(url: url).base)
    let isImage = known.map(MediaType.isImage) ?? false
    return .object { part in
      part.member("type", isImage ? "input_image" : "input_file")
      part.member(isImage ? "image_url" : "file_url", url)
    }
  }
}
