/* The guard of a plugin: a process between the daemon and the plugin.
 *
 * It is the reaper of whatever descends from the plugin (PR_SET_CHILD_SUBREAPER), so that a process
 * that left the plugin's session is still found and killed when the plugin ends; and it sees the
 * daemon die, even by SIGKILL, by the end of the channel, and then kills all of them.
 *
 * The channel is its standard input, a socket. First comes the order: a length of 32 bits, in the
 * message that brings the plugin's standard descriptors (SCM_RIGHTS; without a third one, stderr is
 * the guard's own), and so many bytes of texts with a NUL behind each: the mask of file modes, whether
 * privileges may be gained, the grace between SIGTERM and SIGKILL in milliseconds, the directory, the
 * number of arguments, the arguments, and the variables of the environment up to the end. It keeps
 * what the plugin is given out of the guard's own /proc. An order of no length asks in which mount
 * namespace the guard is. Then come commands, a byte each. Reports go the other way.
 *
 * It ends as the plugin did, by the same status or signal. */
#define _GNU_SOURCE
#include "cspawn.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Exit status where no plugin ran; the shell's for a program that can't be run. */
enum { NO_PLUGIN = 127, CHANNEL = STDIN_FILENO };

typedef struct {
  int streams[3];
  long mask; /* negative: what the guard has */
  bool may_gain_privileges;
  long grace;
  char *directory;
  char **arguments;
  char **environment;
} guard_order;

/* ---- The order ---- */

/* Reads so many bytes. NULL where they don't come, or memory is short. */
static char *read_texts(size_t length) {
  char *text = malloc(length);
  size_t at = 0;
  while (text && at < length) {
    ssize_t count = read(CHANNEL, text + at, length - at);
    if (count == 0 || (count < 0 && errno != EINTR)) return NULL;
    if (count > 0) at += (size_t)count;
  }
  return text;
}

/* Reads the length and the descriptors. */
static bool receive_head(uint32_t *length, int streams[3]) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(3 * sizeof(int))];
  } control;
  struct iovec head = {length, sizeof *length};
  struct msghdr message = {
      .msg_iov = &head, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  if (recvmsg(CHANNEL, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL) != sizeof *length) return false;
  struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  if (rights && rights->cmsg_type == SCM_RIGHTS) {
    memcpy(streams, CMSG_DATA(rights), rights->cmsg_len - CMSG_LEN(0));
  }
  return true;
}

static bool parse_order(char *text, size_t length, guard_order *order) {
  size_t count = 0;
  if (length == 0 || text[length - 1] != 0) return false;
  for (size_t at = 0; at < length; at++) count += text[at] == 0;
  /* Two lists are cut from one: arguments and environment end with NULL each. */
  char **texts = calloc(count + 2, sizeof *texts);
  if (!texts || count < 6) return false;
  for (size_t at = 0, index = 0; at < length; at += strlen(text + at) + 1) texts[index++] = text + at;
  size_t arguments = strtoul(texts[4], NULL, 10);
  if (arguments < 1 || arguments > count - 5) return false;
  order->mask = strtol(texts[0], NULL, 10);
  order->may_gain_privileges = texts[1][0] == '1';
  order->grace = strtol(texts[2], NULL, 10);
  order->directory = texts[3];
  order->arguments = texts + 5;
  order->environment = texts + 5 + arguments + 1;
  memmove(order->environment, texts + 5 + arguments, (count - 5 - arguments) * sizeof *texts);
  texts[5 + arguments] = NULL;
  return true;
}

static void report(halley_guard_stage stage, int value) {
  halley_guard_report report = {(int32_t)stage, value};
  while (send(CHANNEL, &report, sizeof report, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

/* ---- The plugin ---- */

/* Says through the pipe why the program does not run; the pipe's end says that it does. */
static void refuse(int said, halley_guard_stage stage) {
  halley_guard_report report = {(int32_t)stage, errno};
  (void)!write(said, &report, sizeof report);
  _exit(NO_PLUGIN);
}

static void become_plugin(const guard_order *order, pid_t guard, int said) {
  /* For the case that somebody kills the guard. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != guard) _exit(NO_PLUGIN);
  /* A session of its own is a group of its own, without a terminal to ask on. */
  setsid();
  for (int stream = 0; stream < 3; stream++) dup2(order->streams[stream], stream);
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (order->mask >= 0) umask((mode_t)order->mask);
  if (!order->may_gain_privileges) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (chdir(order->directory) != 0) refuse(said, HALLEY_GUARD_NO_DIRECTORY);
  execve(order->arguments[0], order->arguments, order->environment);
  refuse(said, HALLEY_GUARD_NO_PROGRAM);
}

/* Starts the plugin and reports how that went. Returns its process id, or -1. */
static pid_t start_plugin(const guard_order *order) {
  int said[2];
  pid_t guard = getpid();
  pid_t plugin = pipe2(said, O_CLOEXEC) == 0 ? fork() : -1;
  if (plugin < 0) {
    report(HALLEY_GUARD_NO_PROCESS, errno);
    return -1;
  }
  if (plugin == 0) become_plugin(order, guard, said[1]);
  close(said[1]);
  halley_guard_report failure;
  ssize_t count;
  while ((count = read(said[0], &failure, sizeof failure)) < 0 && errno == EINTR) {
  }
  if (count == sizeof failure) {
    report((halley_guard_stage)failure.stage, failure.value);
  } else {
    report(HALLEY_GUARD_STARTED, plugin);
  }
  return plugin;
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

static volatile sig_atomic_t must_end;

static void note_signal(int number) {
  if (number == SIGTERM) must_end = 1;
}

/* The plugin's end and SIGTERM, with which a service manager asks, interrupt a wait, and nothing
 * else. */
static void prepare_signals(sigset_t *while_waiting) {
  struct sigaction action = {.sa_handler = note_signal};
  sigaction(SIGCHLD, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigfillset(while_waiting);
  sigprocmask(SIG_SETMASK, while_waiting, NULL);
  sigdelset(while_waiting, SIGCHLD);
  sigdelset(while_waiting, SIGTERM);
}

/* Waits for a command or a signal, up to a time where there is one. Returns what is to be done: 0 to
 * look again. The end of the channel is that of the daemon. */
static char next_command(const struct timespec *deadline, const sigset_t *while_waiting) {
  struct timespec left = {0};
  if (deadline) {
    struct timespec time = now();
    long long wait = (deadline->tv_sec - time.tv_sec) * 1000000000LL + deadline->tv_nsec - time.tv_nsec;
    if (wait <= 0) return HALLEY_GUARD_KILL;
    left = (struct timespec){wait / 1000000000, wait % 1000000000};
  }
  struct pollfd channel = {CHANNEL, POLLIN, 0};
  if (ppoll(&channel, 1, deadline ? &left : NULL, while_waiting) <= 0) {
    return must_end ? HALLEY_GUARD_END : 0;
  }
  char command;
  return read(CHANNEL, &command, 1) == 1 ? command : HALLEY_GUARD_KILL;
}

/* Returns when the plugin has ended or must be killed. */
static void watch(pid_t plugin, long grace, const sigset_t *while_waiting) {
  struct timespec deadline;
  bool is_ending = false;
  while (!plugin_has_ended(plugin)) {
    char command = next_command(is_ending ? &deadline : NULL, while_waiting);
    if (command == HALLEY_GUARD_KILL) return;
    if (command != HALLEY_GUARD_END || is_ending) continue;
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

/* Whatever surrounds the guard is not for the plugin to read in its /proc: a service manager has
 * variables of its own, which may be keys. */
static void forget_environment(void) {
  for (char **variable = environ; *variable; variable++) memset(*variable, 0, strlen(*variable));
}

/* The guard keeps the channel. */
static void drop_streams(void) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int stream = 1; stream < 3; stream++) {
    if (null >= 0) dup2(null, stream);
  }
  close_range(STDERR_FILENO + 1, ~0U, 0);
}

int halley_guard(void) {
  uint32_t length;
  guard_order order = {.streams = {STDOUT_FILENO, STDOUT_FILENO, STDERR_FILENO}};
  sigset_t while_waiting;
  forget_environment();
  prepare_signals(&while_waiting);
  close_range(STDERR_FILENO + 1, ~0U, 0);
  if (!receive_head(&length, order.streams)) return NO_PLUGIN;
  if (length == 0) {
    struct stat namespace = {0};
    (void)stat("/proc/self/ns/mnt", &namespace);
    report(HALLEY_GUARD_STARTED, (int)namespace.st_ino);
    return 0;
  }
  char *text = read_texts(length);
  if (!text || !parse_order(text, length, &order)) return NO_PLUGIN;
  prctl(PR_SET_NAME, "halley-guard");
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  pid_t plugin = start_plugin(&order);
  if (plugin < 0) return NO_PLUGIN;
  drop_streams();
  watch(plugin, order.grace, &while_waiting);
  int status = kill_all(plugin);
  report(HALLEY_GUARD_ENDED, status);
  return end_like(status);
}

/* ---- The daemon's side ---- */

ssize_t halley_send_descriptors(int socket, const void *bytes, size_t length, const int *descriptors,
                                int count) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(3 * sizeof(int))];
  } control = {0};
  size_t size = (size_t)count * sizeof(int);
  struct iovec text = {(void *)bytes, length};
  struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};
  if (count > 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(size);
    control.header =
        (struct cmsghdr){.cmsg_len = CMSG_LEN(size), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), descriptors, size);
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL);
}
