/* A fence around the process, which cannot be taken down again: no program is started, and
 * no file is made, written, moved or removed any more, whoever asks for it.  A second wall:
 * nothing behind it tries to.  For the restricted mode. */
#ifndef CT_FENCE_H
#define CT_FENCE_H

#include <stdbool.h>

/* Before the first thread: threads inherit it.  Returns what the kernel took on: a kernel
 * without seccomp or Landlock (before 5.13, or left out) fences less. */
struct fence {
    bool programs; /* execve fails */
    bool files;    /* writing fails, but on the terminal and /dev/null */
};
struct fence fence_raise(void);

#endif
