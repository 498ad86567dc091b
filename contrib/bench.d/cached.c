// Asks for cached answers, or has commands ask, and prints what it measured.
//
//   cached run ROUNDS [-- NAME PROGRAM ARGUMENT...]...  start to end: NAME P50 P99, in us
//   cached start ROUNDS PROGRAM                          start to first byte: P50 P99, in us
//   cached hits CLIENTS ROUNDS SOCKET STORED            hits P50 P99, in us; rate ANSWERS/S BYTES

#define _GNU_SOURCE
#include <poll.h>
#include <sys/wait.h>

#include "measure.h"

enum { CLIENTS = 1024, COMMANDS = 8 };

static char line[768];

// How long a program takes from its start to its end, with nothing to read and its answer dropped.
static double run_once(char **words) {
  uint64_t start = now();
  pid_t child = fork();
  if (child == 0) {
    if (!freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stdout)) _exit(126);
    execvp(words[0], words);
    _exit(127);
  }
  int status;
  if (waitpid(child, &status, 0) != child || status) {
    fprintf(stderr, "cached: %s failed\n", words[0]);
    exit(1);
  }
  return (double)(now() - start) / 1000;
}

// Commands take turns, so that what the machine does besides hits all of them alike.
static int measure_runs(int rounds, char **arguments) {
  struct { char *name, **words; double *samples; } commands[COMMANDS];
  int count = 0;
  for (; *arguments; arguments++) {
    if (strcmp(*arguments, "--")) continue;
    *arguments = NULL; // ends the command before it
    if (count == COMMANDS || !arguments[1] || !arguments[2]) die("a command is -- NAME PROGRAM");
    commands[count].name = arguments[1];
    commands[count].words = arguments + 2;
    commands[count++].samples = calloc((size_t)rounds, sizeof(double));
  }
  for (int round = 0; round < rounds; round++)
    for (int index = 0; index < count; index++)
      commands[index].samples[round] = run_once(commands[index].words);
  for (int index = 0; index < count; index++)
    print_quantiles(commands[index].name, commands[index].samples, rounds);
  return 0;
}

static int measure_start(int rounds, const char *program) {
  double *samples = calloc((size_t)rounds, sizeof *samples);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char byte, path[] = "/tmp/halley-bench.XXXXXX";
  if (!mkdtemp(path)) die("mkdtemp");
  snprintf(address.sun_path, sizeof address.sun_path, "%s/s", path);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 8) < 0)
    die("listen");
  for (int round = 0; round < rounds; round++) {
    uint64_t start = now();
    pid_t child = fork();
    if (child == 0) {
      if (!freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stderr)) _exit(126);
      execl(program, program, "--socket", address.sun_path, "Hi", (char *)NULL);
      _exit(127);
    }
    struct pollfd polled = {listener, POLLIN, 0};
    if (poll(&polled, 1, 5000) <= 0) die("halley did not connect");
    int fd = accept(listener, NULL, NULL);
    if (fd < 0 || read(fd, &byte, 1) != 1) die("halley sent nothing");
    samples[round] = (double)(now() - start) / 1000;
    close(fd);
    waitpid(child, NULL, 0);
  }
  unlink(address.sun_path);
  rmdir(path);
  print_quantiles("start", samples, rounds);
  return 0;
}

// Asks the same thing over and over from so many clients, whose answers come from the cache.
static int measure_hits(int clients, int rounds, const char *path, int is_stored) {
  static char answer[262144];
  struct pollfd polled[CLIENTS];
  uint64_t sent[CLIENTS];
  double *samples = calloc((size_t)rounds, sizeof *samples);
  size_t bytes = 0;
  int begun = 0, done = 0;
  snprintf(
      line, sizeof line,
      "{\"id\":1,\"method\":\"responses.create\",\"params\":{\"model\":\"bench\",\"input\":\"Hi %d\","
      "\"store\":%s,\"metadata\":{\"events\":\"20\"}}}\n", is_stored, is_stored ? "true" : "false");
  for (int index = 0; index < clients; index++) {
    polled[index] = (struct pollfd){connect_socket(path), POLLIN, 0};
    sent[index] = now();
    send_all(polled[index].fd, line);
    // The first answer fills the cache.
    if (index == 0 && read(polled[0].fd, answer, sizeof answer) <= 0) die("read");
    if (index == 0) send_all(polled[0].fd, line);
    begun++;
  }
  uint64_t start = now();
  while (done < rounds) {
    if (poll(polled, (nfds_t)clients, 5000) <= 0) die("no answer");
    for (int index = 0; index < clients; index++) {
      if (!polled[index].revents) continue;
      ssize_t count = read(polled[index].fd, answer, sizeof answer);
      if (count <= 0) die("the daemon closed the connection");
      if (answer[count - 1] != '\n') continue;
      if (!memmem(answer, (size_t)count, "\"hit\"", 5)) {
        fprintf(stderr, "driver: no hit: %.*s\n", (int)count, answer);
        return 1;
      }
      bytes = (size_t)count;
      if (done < rounds) samples[done++] = (double)(now() - sent[index]) / 1000;
      if (begun++ >= rounds + clients) continue;
      sent[index] = now();
      send_all(polled[index].fd, line);
    }
  }
  double seconds = (double)(now() - start) / 1e9;
  print_quantiles("hits", samples, rounds);
  printf("rate %.0f %zu\n", rounds / seconds, bytes);
  return 0;
}

int main(int count, char **arguments) {
  const char *mode = count > 3 ? arguments[1] : "";
  if (!strcmp(mode, "start")) return measure_start(atoi(arguments[2]), arguments[3]);
  if (!strcmp(mode, "run") && count > 4 && !strcmp(arguments[3], "--"))
    return measure_runs(atoi(arguments[2]), arguments + 3);
  if (!strcmp(mode, "hits") && count == 6)
    return measure_hits(atoi(arguments[2]), atoi(arguments[3]), arguments[4], atoi(arguments[5]));
  fprintf(stderr, "cached: see the top of cached.c\n");
  return 64;
}
