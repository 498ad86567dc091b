internal import CSpawn
internal import Glibc

/// A pipe whose ends programs inherit only where they are given one.
struct Pipe {
  let reading: Int32
  let writing: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else { throw SupportError("pipe2: errno \(errno)") }
    (reading, writing) = (ends[0], ends[1])
  }
}
