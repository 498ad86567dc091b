/// Tells what a file holds: by its first bytes, then by its name.
package enum MediaType {
  package static func isImage(_ type: String) -> Bool { type.hasPrefix("image/") }

  /// Sniffs the type of an attachment.
  ///
  /// Text that no extension names is `text/plain`; anything else is `application/octet-stream`.
  package static func sniff(_ bytes: [UInt8], name: String) -> String {
    if let type = byMagic(bytes) { return type }
    if let type = byExtension(name) { return type }
    return isText(bytes) ? "text/plain" : "application/octet-stream"
  }

  /// Looks a name's extension up; case does not count.
  package static func byExtension(_ name: String) -> String? {
    guard let fileExtension = FileName(name).fileExtension else { return nil }
    return extensions[fileExtension]
  }

  /// A usual extension for a type, to name what came without a name.
  package static func usualExtension(of type: String) -> String {
    switch type {
    case "image/jpeg": "jpg"
    case "text/plain": "txt"
    case "application/octet-stream": "bin"
    default: type.split(separator: "/").last.map(String.init) ?? "bin"
    }
  }

  private static func byMagic(_ bytes: [UInt8]) -> String? {
    func has(_ text: String, at offset: Int = 0) -> Bool {
      bytes.dropFirst(offset).starts(with: text.utf8)
    }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return "image/png" }
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
    if has("GIF87a") || has("GIF89a") { return "image/gif" }
    if has("RIFF"), has("WEBP", at: 8) { return "image/webp" }
    if has("%PDF-") { return "application/pdf" }
    return nil
  }

  private static func isText(_ bytes: [UInt8]) -> Bool {
    !bytes.contains(0) && String(validating: bytes, as: UTF8.self) != nil
  }

  private static let extensions: [String: String] = [
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
    "webp": "image/webp", "bmp": "image/bmp", "tif": "image/tiff", "tiff": "image/tiff",
    "heic": "image/heic", "avif": "image/avif", "svg": "image/svg+xml",
    "pdf": "application/pdf", "json": "application/json", "xml": "application/xml",
    "csv": "text/csv", "tsv": "text/tab-separated-values", "html": "text/html",
    "htm": "text/html", "md": "text/markdown", "css": "text/css", "txt": "text/plain",
    "log": "text/plain", "js": "text/javascript", "py": "text/x-python", "c": "text/x-c",
    "h": "text/x-c", "sh": "application/x-sh", "rtf": "application/rtf",
    "zip": "application/zip", "gz": "application/gzip", "mp3": "audio/mpeg",
    "wav": "audio/wav", "mp4": "video/mp4",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text", "epub": "application/epub+zip",
  ]
}
