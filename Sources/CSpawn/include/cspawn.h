/* What starts processes: how each of our programs begins, functions that Swift's Glibc module lacks,
 * and the guard of a plugin. */
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/xattr.h>

/* Linked into a program, start.c opens /dev/null on whichever of its descriptors 0, 1 and 2 is closed,
 * before anything else is opened. */

/* glibc declares these under _GNU_SOURCE only. */
int pipe2(int descriptors[2], int flags);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

/* fcntl(2) is variadic, which Swift can't call. */
static inline int halley_spawn_set_nonblocking(int descriptor) {
  return fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

/* Lets no memory of this process become executable that was written to (PR_SET_MDWE(2const), Linux
 * 6.3), but of its children: programs that compile at run time, such as Node, could not start. Linux
 * before 6.6 can't tell them apart, and refuses. */
static inline void halley_refuse_executable_memory(void) {
  enum { SET = 65, REFUSE_GAIN = 1, NO_INHERIT = 2 };
  (void)prctl(SET, REFUSE_GAIN | NO_INHERIT, 0, 0, 0);
}

/* Commands that the guard takes: one ends the plugin with a grace, one kills it at once. */
#define HALLEY_GUARD_END 1
#define HALLEY_GUARD_KILL 2

typedef enum {
  HALLEY_GUARD_STARTED, /* value: the plugin's process id, or the number of a namespace */
  HALLEY_GUARD_NO_DIRECTORY, /* value: errno of chdir(2) */
  HALLEY_GUARD_NO_PROGRAM, /* value: errno of execve(2) */
  HALLEY_GUARD_NO_PROCESS, /* value: errno of fork(2) */
  HALLEY_GUARD_ENDED, /* value: the plugin's status as waitpid(2) has it; the last report */
} halley_guard_stage;

typedef struct {
  int32_t stage;
  int32_t value;
} halley_guard_report;

/* Starts the plugin that an order describes and stays until nothing of it is left; the whole life of
 * a process. Returns its exit status. See guard.c. */
int halley_guard(void);

/* Sends bytes, and descriptors with them (unix(7), SCM_RIGHTS), three at most. Returns what
 * sendmsg(2) does. */
ssize_t halley_send_descriptors(int socket, const void *bytes, size_t length, const int *descriptors,
                                int count);
