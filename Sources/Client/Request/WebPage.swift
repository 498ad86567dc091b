/// What a URL leads to, fetched by curl(1): this program speaks no HTTP.
enum WebPage {
  /// Fetches a text over http or https, and follows redirects to these alone.
  static func text(_ url: String, most: Int) throws(Failure) -> String {
    let output: Program.Output
    do throws(SystemError) {
      output = try Program.output(
        "curl",
        [
          "--silent", "--show-error", "--fail", "--location", "--max-redirs", "10", "--proto",
          "=http,https", "--proto-redir", "=http,https", "--max-time", "60", "--max-filesize",
          String(most), "--globoff", "--", url,
        ], most: most)
    } catch {
      guard error.number != 2 else {
        throw Failure(
          .noInput, "\(url) can't be fetched: curl is not in PATH",
          advice: "install curl, or fetch the page yourself and name the file")
      }
      throw Failure(.noInput, "\(url) can't be fetched: curl: \(error.reason)")
    }
    guard output.status == 0 else {
      throw Failure(.noInput, "\(url) can't be fetched: curl ended with \(output.status)")
    }
    guard let text = String(validating: output.bytes, as: UTF8.self) else {
      throw .usage("\(url) is not UTF-8 text", advice: "send it as an attachment: -a \(url)")
    }
    return text
  }
}
