/// Runs `EventExercise`, which says what holds.
@c(LLVMFuzzerTestOneInput)
public func fuzzEvents(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let wrong = unsafe EventExercise.run(Array(UnsafeBufferPointer(start: data, count: count)))
  require(wrong == nil, wrong ?? "")
  return 0
}
