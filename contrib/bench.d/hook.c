// The quickest request hook that there can be: leaves every request as it is.
//
// A line of JSON-RPC comes in, its answer goes out. The daemon writes the id as a number; of a
// request that names members like it, the daemon's own stands outside of "params".

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

int main(void) {
  char *line = NULL, answer[128];
  size_t size = 0;
  ssize_t length;
  while ((length = getline(&line, &size, stdin)) > 0) {
    const char *params = strstr(line, "\"params\"");
    const char *id = strstr(line, "\"id\":");
    if (!id || (params && id > params)) id = NULL;
    for (const char *at = line + length; !id && at > line; at--)
      if (!strncmp(at, "\"id\":", 5)) id = at;
    if (!id) return 1;
    int count = snprintf(answer, sizeof answer, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":{}}\n",
                         strtol(id + 5, NULL, 10));
    if (write(STDOUT_FILENO, answer, (size_t)count) != count) return 1;
  }
  return 0;
}
