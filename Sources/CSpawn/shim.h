/* What glibc declares under _GNU_SOURCE only, which Swift's Glibc module does not define. */
#pragma once
#include <spawn.h>

int pipe2(int descriptors[2], int flags);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
