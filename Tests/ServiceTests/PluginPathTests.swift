import Glibc
import Service
import TestSupport
import Testing

@Suite struct PluginPathTests {
  private let scratch: Scratch
  private let program: String

  init() throws {
    scratch = try Scratch()
    _ = try scratch.makeDirectory("a")
    program = try scratch.write("a/program", "#!/bin/sh\n", mode: 0o755)
  }

  private func refusal(_ path: String) -> String? {
    do throws(TrustedPath.Refusal) {
      try TrustedPath.check(program: path)
      return nil
    } catch {
      return error.description
    }
  }

  private func link(_ name: String, to target: String) -> String {
    let path = "\(scratch.path)/\(name)"
    _ = unsafe symlink(target, path)
    return path
  }

  @Test func `a program of the daemon's user below a sticky directory is run`() {
    #expect(refusal(program) == nil)
    #expect(refusal("\(scratch.path)/./a/../a//program") == nil)
    #expect(refusal("/bin/sh") == nil)
  }

  @Test func `a program reached by links is run`() {
    _ = link("b", to: "a")
    #expect(refusal(link("direct", to: program)) == nil)
    #expect(refusal(link("indirect", to: "b/../b/program")) == nil)
  }

  @Test(arguments: [0o775, 0o757, 0o702] as [mode_t])
  func `a program or directory that others may write is refused`(_ mode: mode_t) throws {
    let text = "may be written by others (mode \(String(mode, radix: 8)))"
    _ = unsafe chmod(program, mode)
    #expect(refusal(program) == "\(program) \(text)")
    _ = unsafe chmod(program, 0o755)
    _ = unsafe chmod("\(scratch.path)/a", mode)
    #expect(refusal(program) == "\(scratch.path)/a \(text)")
  }

  @Test func `the directory of a link counts too`() throws {
    let open = try scratch.makeDirectory("open", mode: 0o777)
    #expect(
      refusal(link("open/program", to: program)) == "\(open) may be written by others (mode 777)")
    #expect(refusal(link("via", to: "open/program"))?.hasPrefix(open) == true)
  }

  @Test func `what can't be executed is refused`() throws {
    #expect(refusal("\(scratch.path)/a") == "\(scratch.path)/a is no regular file")
    let text = try scratch.write("text", "")
    #expect(refusal(text) == "\(text) may not be executed")
    #expect(refusal("\(scratch.path)/none") == "\(scratch.path)/none: No such file or directory")
    #expect(refusal("sh") == "sh is no absolute path")
    let loop = link("loop", to: "loop")
    #expect(refusal(loop) == "\(loop) is a link to itself")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
  func `a program of another user is refused`() {
    _ = unsafe chown(program, 12_345, 0)
    #expect(
      refusal(program)
        == "\(program) belongs to user 12345, root or the daemon's was expected")
  }
}
