/// Runs `PluginExercise`, which says what holds.
@c(LLVMFuzzerTestOneInput)
public func fuzzPlugin(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let wrong = unsafe PluginExercise.run(Array(UnsafeBufferPointer(start: data, count: count)))
  require(wrong == nil, wrong ?? "")
  return 0
}
