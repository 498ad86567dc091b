/// Runs `RequestExercise`, which says what holds.
@c(LLVMFuzzerTestOneInput)
public func fuzzDispatch(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let wrong = unsafe RequestExercise.run(Array(UnsafeBufferPointer(start: data, count: count)))
  require(wrong == nil, wrong ?? "")
  return 0
}
