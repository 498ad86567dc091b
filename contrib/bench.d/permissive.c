// For valgrind, which writes code and runs it: a daemon that runs under it may not forbid that of
// itself. Preloaded, it lets PR_SET_MDWE do nothing (prctl(2)).

#define _GNU_SOURCE
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

int prctl(int option, ...) {
  va_list rest;
  va_start(rest, option);
  unsigned long one = va_arg(rest, unsigned long), two = va_arg(rest, unsigned long);
  unsigned long three = va_arg(rest, unsigned long), four = va_arg(rest, unsigned long);
  va_end(rest);
  return option == PR_SET_MDWE ? 0 : (int)syscall(SYS_prctl, option, one, two, three, four);
}
