/* Memory: allocation that cannot fail, and assertions that stay in.
 *
 * Out of memory aborts, here and nowhere else: credtop's own needs are small and
 * bounded, and a dashboard that limps on with half a picture is worse than one
 * that stops and says why.  Bad input never aborts. */
#ifndef CT_MEM_H
#define CT_MEM_H

#include <stddef.h>

/* Before the first thread: the C library keeps few heaps, whatever the number of threads. */
void mem_few_heaps(void);
void *mem_new(size_t size);                           /* zeroed */
void *mem_array(size_t count, size_t size);           /* zeroed, overflow aborts */
void *mem_grow(void *old, size_t count, size_t size); /* realloc, not zeroed */
char *mem_copy_str(const char *s);                    /* NULL stays NULL */
char *mem_copy_bytes(const void *p, size_t n);        /* n bytes and a NUL */

/* Takes what a pointer points to out of circulation: frees and sets to NULL. */
#define MEM_FREE(p)                                                                                                    \
    do {                                                                                                               \
        free(p);                                                                                                       \
        (p) = NULL;                                                                                                    \
    } while (0)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* A broken promise inside the program.  Kept in release builds: calls the hook
 * below (the terminal's restore), says where, aborts. */
#define ASSERT(cond) ((cond) ? (void)0 : mem_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void mem_assert_failed(const char *cond, const char *file, int line);

/* Called once, before aborting.  Set by the terminal; async-signal-safe. */
void mem_on_abort(void (*restore)(void));

#endif
