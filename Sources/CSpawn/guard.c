/* The guard of a plugin: a process between the daemon and the plugin.
 *
 * It is the reaper of whatever descends from the plugin (PR_SET_CHILD_SUBREAPER), so that a process
 * that left the plugin's session is still found and killed when the plugin ends; and it is told when
 * the daemon dies (PR_SET_PDEATHSIG), even by SIGKILL, and then kills all of them.
 *
 * The order comes on HALLEY_GUARD_CHANNEL, as texts with a NUL behind each: the daemon's process id,
 * the grace between SIGTERM and SIGKILL in milliseconds, the directory, the number of arguments, the
 * arguments, and the variables of the environment up to the end. It keeps what the plugin is given
 * out of the guard's own /proc. Reports go the other way; the channel is closed when the plugin's
 * program runs or can't. From then on the guard has three descriptors, and the plugin too.
 *
 * It ends as the plugin did, by the same status or signal. */
#define _GNU_SOURCE
#include "cspawn.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Exit status where no plugin ran; the shell's for a program that can't be run. */
enum { NO_PLUGIN = 127 };

typedef struct {
  pid_t daemon;
  long grace;
  char *directory;
  char **arguments;
  char **environment;
} guard_order;

/* ---- The order ---- */

/* Reads up to the end of the stream. NULL where that fails, or memory does. */
static char *read_all(int descriptor, size_t *length) {
  size_t capacity = 65536;
  char *text = malloc(capacity);
  *length = 0;
  while (text) {
    ssize_t count = read(descriptor, text + *length, capacity - *length);
    if (count == 0) return text;
    if (count < 0 && errno != EINTR) return NULL;
    if (count > 0) *length += (size_t)count;
    if (*length == capacity) text = realloc(text, capacity *= 2);
  }
  return NULL;
}

static bool parse_order(char *text, size_t length, guard_order *order) {
  size_t count = 0;
  if (length == 0 || text[length - 1] != 0) return false;
  for (size_t at = 0; at < length; at++) count += text[at] == 0;
  /* Two lists are cut from one: arguments and environment end with NULL each. */
  char **texts = calloc(count + 2, sizeof *texts);
  if (!texts || count < 5) return false;
  for (size_t at = 0, index = 0; at < length; at += strlen(text + at) + 1) texts[index++] = text + at;
  size_t arguments = strtoul(texts[3], NULL, 10);
  if (arguments < 1 || arguments > count - 4) return false;
  order->daemon = (pid_t)strtol(texts[0], NULL, 10);
  order->grace = strtol(texts[1], NULL, 10);
  order->directory = texts[2];
  order->arguments = texts + 4;
  order->environment = texts + 4 + arguments + 1;
  memmove(order->environment, texts + 4 + arguments, (count - 4 - arguments) * sizeof *texts);
  texts[4 + arguments] = NULL;
  return true;
}

static void report(halley_guard_stage stage, int value) {
  halley_guard_report report = {(int32_t)stage, value};
  while (write(HALLEY_GUARD_CHANNEL, &report, sizeof report) < 0 && errno == EINTR) {
  }
}

/* ---- The plugin ---- */

static void become_plugin(const guard_order *order, pid_t guard) {
  /* For the case that somebody kills the guard. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != guard) _exit(NO_PLUGIN);
  /* A session of its own is a group of its own, without a terminal to ask on. */
  setsid();
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (chdir(order->directory) != 0) {
    report(HALLEY_GUARD_NO_DIRECTORY, errno);
    _exit(NO_PLUGIN);
  }
  execve(order->arguments[0], order->arguments, order->environment);
  report(HALLEY_GUARD_NO_PROGRAM, errno);
  _exit(NO_PLUGIN);
}

/* ---- Watching ---- */

/* Reaps adopted processes that have ended. Returns whether the plugin has; it stays a zombie, so that
 * its number remains the group's. */
static bool plugin_has_ended(pid_t plugin) {
  for (;;) {
    siginfo_t info = {0};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return errno == ECHILD;
    if (info.si_pid == 0) return false;
    if (info.si_pid == plugin) return true;
    waitpid(info.si_pid, NULL, 0);
  }
}

static struct timespec now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time;
}

/* Waits for one of the signals, up to a time where there is one. Returns 0 when it has come. */
static int next_signal(const sigset_t *signals, const struct timespec *deadline) {
  int number;
  do {
    if (!deadline) {
      number = sigwaitinfo(signals, NULL);
    } else {
      struct timespec time = now();
      long long left = (deadline->tv_sec - time.tv_sec) * 1000000000LL + deadline->tv_nsec - time.tv_nsec;
      if (left <= 0) return 0;
      struct timespec wait = {left / 1000000000, left % 1000000000};
      number = sigtimedwait(signals, NULL, &wait);
    }
  } while (number < 0 && (errno == EINTR || errno == EAGAIN));
  return number;
}

/* Returns when the plugin has ended or must be killed. */
static void watch(pid_t plugin, long grace) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  sigaddset(&signals, HALLEY_GUARD_END);
  sigaddset(&signals, HALLEY_GUARD_KILL);
  struct timespec deadline;
  bool is_ending = false;
  while (!plugin_has_ended(plugin)) {
    int number = next_signal(&signals, is_ending ? &deadline : NULL);
    if (number == 0 || number == HALLEY_GUARD_KILL) return;
    if (number != HALLEY_GUARD_END || is_ending) continue;
    is_ending = true;
    deadline = now();
    deadline.tv_sec += grace / 1000;
    deadline.tv_nsec += grace % 1000 * 1000000;
    kill(-plugin, SIGTERM);
    /* One that is stopped must wake up to end. */
    kill(-plugin, SIGCONT);
  }
}

/* Kills the guard's children: the plugin and what it adopted from it. */
static void kill_children(void) {
  char path[64];
  int child;
  snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  FILE *list = fopen(path, "re");
  if (!list) return;
  while (fscanf(list, "%d", &child) == 1) kill(child, SIGKILL);
  fclose(list);
}

/* Kills all that descends from the plugin. Each that dies leaves its own children to the guard, so
 * that the last has gone when there is nothing to wait for. Returns the plugin's wait status. */
static int kill_all(pid_t plugin) {
  int result = 0;
  kill(-plugin, SIGKILL);
  for (;;) {
    int status;
    kill_children();
    pid_t ended = waitpid(-1, &status, 0);
    if (ended == plugin) result = status;
    if (ended < 0 && errno == ECHILD) return result;
  }
}

static int end_like(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  int number = WTERMSIG(status);
  /* The plugin has left its core already, where it was to. */
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  signal(number, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  raise(number);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  return 128 + number;
}

/* ---- Its life ---- */

static void drop_standard_streams(void) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int descriptor = 0; descriptor < 3; descriptor++) {
    if (null >= 0) dup2(null, descriptor);
  }
  if (null > 2) close(null);
}

int halley_guard(void) {
  size_t length;
  guard_order order;
  char *text = read_all(HALLEY_GUARD_CHANNEL, &length);
  if (!text || !parse_order(text, length, &order)) return NO_PLUGIN;
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  prctl(PR_SET_NAME, "halleyd-plugin");
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_PDEATHSIG, HALLEY_GUARD_KILL);
  if (getppid() != order.daemon) return NO_PLUGIN;
  fcntl(HALLEY_GUARD_CHANNEL, F_SETFD, FD_CLOEXEC);
  close_range(HALLEY_GUARD_CHANNEL + 1, ~0U, 0);
  pid_t guard = getpid();
  pid_t plugin = fork();
  if (plugin < 0) {
    report(HALLEY_GUARD_NO_PROCESS, errno);
    return NO_PLUGIN;
  }
  if (plugin == 0) become_plugin(&order, guard);
  report(HALLEY_GUARD_STARTED, plugin);
  close(HALLEY_GUARD_CHANNEL);
  drop_standard_streams();
  watch(plugin, order.grace);
  return end_like(kill_all(plugin));
}
