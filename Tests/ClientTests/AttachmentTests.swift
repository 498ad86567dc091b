import Client
import JSON
import Testing

struct AttachmentTests {
  private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1]

  @Test(
    arguments: [
      (png, "x.txt", "image/png"), ([0xFF, 0xD8, 0xFF, 0xE0], "x", "image/jpeg"),
      (Array("GIF89a..".utf8), "x", "image/gif"),
      (Array("RIFF....WEBPVP8 ".utf8), "x", "image/webp"),
      (Array("%PDF-1.7".utf8), "x", "application/pdf"), (Array("a,b".utf8), "t.CSV", "text/csv"),
      (Array("hello ✓".utf8), "README", "text/plain"),
      ([0, 1, 2], "x", "application/octet-stream"),
      ([0xC3, 0x28], "x", "application/octet-stream"), ([], "x", "text/plain"),
    ] as [([UInt8], String, String)])
  func `a type is told by first bytes, then by name`(
    _ bytes: [UInt8], _ name: String, _ type: String
  ) {
    #expect(MediaType.sniff(bytes, name: name) == type)
  }

  @Test func `an image becomes an input_image`() throws {
    let scratch = Scratch()
    let part = try Attachment(argument: scratch.write("a.png", Self.png)).part
    #expect(
      part.text == #"{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgoB"}"#)
  }

  @Test func `a file becomes an input_file with its name`() throws {
    let scratch = Scratch()
    let part = try Attachment(argument: scratch.write("notes.md", "hi")).part
    #expect(
      part.text
        == #"{"type":"input_file","filename":"notes.md","file_data":"data:text/markdown;base64,aGk="}"#
    )
  }

  @Test(arguments: [
    (
      "https://x.org/a/b.PNG?size=1",
      #"{"type":"input_image","image_url":"https://x.org/a/b.PNG?size=1"}"#
    ),
    ("https://x.org/a.pdf", #"{"type":"input_file","file_url":"https://x.org/a.pdf"}"#),
    ("http://x.png", #"{"type":"input_file","file_url":"http://x.png"}"#),
  ])
  func `a URL is handed on by its kind`(_ url: String, _ part: String) throws {
    #expect(try Attachment(argument: url).part.text == part)
  }

  @Test func `a missing file ends with status 66`() throws {
    let failure = #expect(throws: Failure.self) { try Attachment(argument: "/nonexistent/a.png") }
    #expect(failure?.status == .noInput)
    #expect(failure?.message == "/nonexistent/a.png: No such file or directory")
  }

  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func `Base64 is that of RFC 4648, section 10`(_ text: String, _ encoded: String) {
    #expect(Base64.encode(Array(text.utf8)) == encoded)
  }

  @Test func `a context file is fenced by more backticks than it holds`() {
    #expect(
      ContextFile(name: "src/a.swift", contents: "let a\n").text
        == "src/a.swift:\n```swift\nlet a\n```")
    #expect(
      ContextFile(name: "a", contents: "````\nx").text == "a:\n`````\n````\nx\n`````")
  }
}
