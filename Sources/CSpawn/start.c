/* What a program does before its main, and before Swift's runtime initializes itself. */
#define _GNU_SOURCE
#include "cspawn.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* sysexits.h's EX_OSFILE. */
enum { NO_SYSTEM_FILE = 72 };

/* Of Swift's runtime: what CommandLine.arguments are. By itself it finds them by way of /proc, which
 * need not be there; without, a program would go on as if it had been told nothing. */
void _swift_stdlib_overrideUnsafeArgvArgc(char **arguments, int count);

/* The next descriptor that is opened would be the lowest that is free: a socket or a database would
 * become somebody's stdout. */
static void open_standard_descriptors(void) {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    if (open("/dev/null", O_RDWR) != descriptor) _exit(NO_SYSTEM_FILE);
  }
}

/* Looking for the program of backtraces, the runtime aborts where there is no /proc. */
static void name_backtracer(void) {
  if (access("/proc/self/exe", F_OK) != 0) {
    setenv("SWIFT_BACKTRACE", "enable=no,swift-backtrace=/", 1);
  }
}

/* The first priority that is not the C library's; glibc hands main's arguments to constructors. */
__attribute__((constructor(101))) static void start(int count, char **arguments) {
  _swift_stdlib_overrideUnsafeArgvArgc(arguments, count);
  open_standard_descriptors();
  name_backtracer();
}
