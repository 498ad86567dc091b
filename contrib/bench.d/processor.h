// What a process has taken of the processor.

#include <dirent.h>

// The processor time of all threads of a process, in ns.
static uint64_t processor_time(int pid) {
  char path[320];
  uint64_t total = 0;
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *threads = opendir(path);
  if (!threads) die(path);
  for (struct dirent *thread; (thread = readdir(threads));) {
    if (thread->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, thread->d_name);
    FILE *file = fopen(path, "r");
    unsigned long long time;
    if (file && fscanf(file, "%llu", &time) == 1) total += time;
    if (file) fclose(file);
  }
  closedir(threads);
  return total;
}
