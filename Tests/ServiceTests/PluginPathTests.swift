import Glibc
import Plugins
import Testing
import TestSupport

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

  @Test(arguments: [(0o757, "o"), (0o702, "o")] as [(mode_t, String)])
  func `a program or directory that others may write is refused`(_ mode: mode_t, _ who: String) {
    let text = "may be written by others (mode \(String(mode, radix: 8))): chmod \(who)-w"
    _ = unsafe chmod(program, mode)
    #expect(refusal(program) == "\(program) \(text) \(program)")
    _ = unsafe chmod(program, 0o755)
    _ = unsafe chmod("\(scratch.path)/a", mode)
    #expect(refusal(program) == "\(scratch.path)/a \(text) \(scratch.path)/a")
  }

  @Test func `the directory of a link counts too`() throws {
    let open = try scratch.makeDirectory("open it", mode: 0o757)
    #expect(
      refusal(link("open it/program", to: program))
        == "\(open) may be written by others (mode 757): chmod o-w '\(open)'")
    #expect(refusal(link("via", to: "open it/program"))?.hasPrefix(open) == true)
  }

  @Test func `what can't be executed is refused`() throws {
    #expect(
      refusal("\(scratch.path)/a")
        == "\(scratch.path)/a is no regular file: name a program in command")
    let text = try scratch.write("text", "")
    #expect(refusal(text) == "\(text) may not be executed: chmod a+x \(text)")
    #expect(
      refusal("\(scratch.path)/none")?.contains("No such file or directory): correct") == true)
    #expect(refusal("sh")?.hasPrefix("sh is no absolute path: ") == true)
    let loop = link("loop", to: "loop")
    #expect(refusal(loop) == "\(loop) is a link to itself: rm \(loop)")
  }

  private static let asRoot = ConditionTrait.enabled(
    if: geteuid() == 0, "only root can give a file away")

  @Test(asRoot) func `a program or link of another user is refused`() {
    let text = "belongs to user 12345, root or the daemon's was expected: chown 0"
    let direct = link("direct", to: program)
    _ = unsafe lchown(direct, 12_345, 0)
    #expect(refusal(direct) == "\(direct) \(text) \(direct)")
    _ = unsafe chown(program, 12_345, 0)
    #expect(refusal(program) == "\(program) \(text) \(program)")
  }

  @Test(asRoot) func `whoever is shown for users without a number is nobody, and not root`() {
    _ = unsafe chown(program, 65_534, 0)
    #expect(refusal(program)?.contains("belongs to nobody (user 65534): chown 0 ") == true)
    #expect(refusal(program)?.contains("take PrivateUsers= out of its unit") == true)
  }

  @Test(asRoot) func `a group may write that is the user's own`() {
    _ = unsafe chmod(program, 0o775)
    _ = unsafe chown(program, 0, 0)
    #expect(refusal(program) == nil)
    _ = unsafe chown(program, 0, 12_345)
    #expect(
      refusal(program)
        == "\(program) may be written by others (mode 775): chmod g-w \(program)")
  }
}
