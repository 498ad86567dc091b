/// The last component of a path or of a URL's path.
struct FileName {
  let base: String

  init(_ path: String) {
    base = path.split(separator: "/").last.map(String.init) ?? path
  }

  /// Takes the path of a URL, without query and fragment; empty where the URL has none.
  init(url: String) {
    let path = url.prefix { $0 != "?" && $0 != "#" }
    let components = path.split(separator: "/")
    base = components.count > 2 ? String(components[components.count - 1]) : ""
  }

  /// What stands behind the last dot, in lower case.
  var fileExtension: String? {
    guard let dot = base.lastIndex(of: "."), dot != base.startIndex else { return nil }
    let text = base[base.index(after: dot)...]
    return text.isEmpty ? nil : text.lowercased()
  }
}
