/// Runs `ConfigurationExercise`, which says what holds.
@c(LLVMFuzzerTestOneInput)
public func fuzzConfiguration(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let wrong = unsafe ConfigurationExercise.run(
    Array(UnsafeBufferPointer(start: data, count: count)))
  require(wrong == nil, wrong ?? "")
  return 0
}
