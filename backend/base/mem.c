#include "backend/base/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The terminal's restore.  A global because an abort has no argument to carry it. */
static _Atomic(void (*)(void)) abort_hook;

/* glibc gives each thread a heap of its own, up to eight a core.  What one thread frees no
 * other gets, so with a thousand environments and a dozen pool threads the free space of
 * sixteen heaps was a tenth of the process.  Nothing here allocates often enough to wait. */
void mem_few_heaps(void)
{
#ifdef M_ARENA_MAX
    (void)mallopt(M_ARENA_MAX, 2);
#endif
}

void mem_on_abort(void (*restore)(void))
{
    atomic_store(&abort_hook, restore);
}

/* write(2) and nothing that allocates or locks: the heap may be what is broken. */
static void say(const char *s)
{
    size_t left = strlen(s);
    while (left > 0) {
        ssize_t n = write(STDERR_FILENO, s, left);
        if (n <= 0)
            return;
        s += n;
        left -= (size_t)n;
    }
}

static void say_number(int value)
{
    char digits[12];
    size_t at = sizeof(digits) - 1;
    unsigned rest = value < 0 ? 0 : (unsigned)value;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    say(digits + at);
}

/* Exchanged, not read, so that an assertion inside the restore cannot loop. */
static void restore_terminal(void)
{
    void (*restore)(void) = atomic_exchange(&abort_hook, NULL);
    if (restore)
        restore();
}

_Noreturn void mem_assert_failed(const char *cond, const char *file, int line)
{
    restore_terminal();
    say("credtop: broken promise: ");
    say(cond);
    say(" (");
    say(file);
    say(":");
    say_number(line);
    say(")\n");
    abort();
}

static _Noreturn void out_of_memory(void)
{
    restore_terminal();
    say("credtop: out of memory\n");
    abort();
}

/* Zero bytes are asked for as one, so that NULL only ever means failure. */
static size_t product(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        out_of_memory();
    size_t n = count * size;
    return n == 0 ? 1 : n;
}

void *mem_new(size_t size)
{
    return mem_array(1, size);
}

void *mem_array(size_t count, size_t size)
{
    void *p = calloc(1, product(count, size));
    if (!p)
        out_of_memory();
    return p;
}

void *mem_grow(void *old, size_t count, size_t size)
{
    void *p = realloc(old, product(count, size));
    if (!p)
        out_of_memory();
    return p;
}

char *mem_copy_str(const char *s)
{
    return s ? mem_copy_bytes(s, strlen(s)) : NULL;
}

char *mem_copy_bytes(const void *p, size_t n)
{
    if (n == SIZE_MAX)
        out_of_memory();
    char *copy = mem_new(n + 1);
    if (n > 0)
        memcpy(copy, p, n);
    return copy;
}
