// Preloaded into halleyd under valgrind, which writes code while it runs: lets the daemon believe that
// it has given up executable memory (PR_SET_MDWE(2const)).

#define _GNU_SOURCE
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SET_MDWE = 65 };

int prctl(int option, ...) {
  unsigned long arguments[4];
  va_list list;
  va_start(list, option);
  for (int index = 0; index < 4; index++) arguments[index] = va_arg(list, unsigned long);
  va_end(list);
  if (option == SET_MDWE) return 0;
  return (int)syscall(SYS_prctl, option, arguments[0], arguments[1], arguments[2], arguments[3]);
}
