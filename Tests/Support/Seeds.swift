/// The inputs that mutation begins with; libFuzzer begins with the same.
package enum Seeds {
  private static let root =
    "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/Fuzz/Seeds"

  package static func read(_ target: String, _ name: String) throws -> [UInt8] {
    try TextFile.bytes("\(root)/\(target)/\(name)")
  }

  /// Calls back with each of many changed inputs, the same ones each time.
  package static func mutate(
    _ target: String, _ names: [String], words: [String], count: Int,
    _ body: ([UInt8]) throws -> Void
  ) throws {
    let seeds = try names.map { try read(target, $0) }
    var mutator = ByteMutator(seed: UInt64(count), words: words)
    for number in 0..<count { try body(mutator.mutant(of: seeds[number % seeds.count])) }
  }
}
