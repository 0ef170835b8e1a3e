/* Every secret has whole pages of its own, so that locking, leaving out of core
 * files and wiping on fork never touch a neighbour, and nothing goes back to the heap.
 * Mapping and locking is four system calls and a page fault, which a thousand environments
 * would pay a hundred times a second: a few wiped pages are kept, as locked as they were.
 * Room beyond a page is mapped when something comes that needs it: an answer of AWS may have
 * 512 KB and has 600 bytes, and what a process may lock is often little. */
#include "backend/base/secret.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/base/mem.h"

struct secret {
    char *bytes;   /* mapped pages; bytes[len] is NUL */
    size_t mapped; /* size of the mapping; more than len */
    size_t max;    /* most bytes of content */
    size_t len;
};

/* Whether any lock was refused.  A global because the limit is the process's. */
static atomic_bool lock_refused;

#define KEPT_MAX 32
/* Wiped mappings of one page.  A global because pages are the process's. */
static struct {
    pthread_mutex_t lock;
    size_t n; /* guarded by lock */
    char *pages[KEPT_MAX];
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t whole_pages(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    ASSERT(n <= SIZE_MAX - page);
    return (n + page - 1) / page * page;
}

static char *map_locked(size_t size)
{
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT(p != MAP_FAILED); /* out of memory aborts, here as in mem.c */
    /* Best effort: where the limit is small, a warning on the screen is better than no program. */
    if (mlock(p, size) != 0)
        atomic_store(&lock_refused, true);
    (void)madvise(p, size, MADV_DONTDUMP);
    (void)madvise(p, size, MADV_WIPEONFORK); /* kernels before 4.14 do not know it */
    return p;
}

/* A page that was kept, all zero; NULL when there is none. */
static char *take_kept(void)
{
    pthread_mutex_lock(&kept.lock);
    char *p = kept.n > 0 ? kept.pages[--kept.n] : NULL;
    pthread_mutex_unlock(&kept.lock);
    return p;
}

/* False when enough are kept. */
static bool keep(char *wiped_page)
{
    pthread_mutex_lock(&kept.lock);
    bool room = kept.n < KEPT_MAX;
    if (room)
        kept.pages[kept.n++] = wiped_page;
    pthread_mutex_unlock(&kept.lock);
    return room;
}

static char *map_pages(size_t size)
{
    char *p = size == whole_pages(1) ? take_kept() : NULL;
    return p != NULL ? p : map_locked(size);
}

static void unmap_pages(char *p, size_t size)
{
    secret_wipe(p, size);
    if (size != whole_pages(1) || !keep(p))
        (void)munmap(p, size); /* unlocks, too */
}

/* Maps room for n bytes of content; what was there is moved and its old place wiped. */
static void make_room(struct secret *s, size_t n)
{
    if (n < s->mapped)
        return;
    size_t whole = whole_pages(s->max + 1), twice = n < whole / 2 ? 2 * whole_pages(n + 1) : whole;
    size_t size = twice < whole ? twice : whole;
    char *bytes = map_pages(size);
    memcpy(bytes, s->bytes, s->len);
    unmap_pages(s->bytes, s->mapped);
    s->bytes = bytes;
    s->mapped = size;
}

struct secret *secret_new(size_t max)
{
    struct secret *s = mem_new(sizeof(*s));

    ASSERT(max < SIZE_MAX);
    (void)whole_pages(max + 1); /* a maximum that no mapping can have is a mistake now, not later */
    s->max = max;
    s->mapped = whole_pages(1);
    s->bytes = map_pages(s->mapped);
    return s;
}

struct secret *secret_from(const void *bytes, size_t n)
{
    struct secret *s = secret_new(n);

    make_room(s, n);
    if (n > 0)
        memcpy(s->bytes, bytes, n);
    s->len = n;
    return s;
}

struct secret *secret_free(struct secret *s)
{
    if (!s)
        return NULL;
    unmap_pages(s->bytes, s->mapped);
    free(s);
    return NULL;
}

enum err secret_append(struct secret *s, const void *bytes, size_t n)
{
    if (n > s->max - s->len)
        return ERR_TOO_BIG;
    make_room(s, s->len + n);
    if (n > 0)
        memcpy(s->bytes + s->len, bytes, n);
    s->len += n;
    s->bytes[s->len] = '\0';
    return ERR_OK;
}

/* The whole mapping, not len bytes: a reader may have filled room it never committed. */
void secret_reset(struct secret *s)
{
    s->len = 0;
    if (s->mapped == whole_pages(1)) {
        secret_wipe(s->bytes, s->mapped);
        return;
    }
    unmap_pages(s->bytes, s->mapped);
    s->mapped = whole_pages(1);
    s->bytes = map_pages(s->mapped);
}

void secret_swap(struct secret *a, struct secret *b)
{
    struct secret held = *a;

    *a = *b;
    *b = held;
}

const char *secret_peek(const struct secret *s, size_t *out_len)
{
    if (out_len)
        *out_len = secret_len(s);
    return s ? s->bytes : "";
}

char *secret_room(struct secret *s, size_t *out_room)
{
    make_room(s, s->max);
    *out_room = s->max - s->len;
    return s->bytes + s->len;
}

void secret_commit(struct secret *s, size_t n)
{
    ASSERT(n <= s->max - s->len);
    s->len += n;
    s->bytes[s->len] = '\0';
}

char *secret_bytes(struct secret *s)
{
    return s->bytes;
}

size_t secret_max(const struct secret *s)
{
    return s->max;
}

size_t secret_len(const struct secret *s)
{
    return s ? s->len : 0;
}

/* The time depends on the lengths, which are no secret, and on nothing else. */
bool secret_equal(const struct secret *a, const struct secret *b)
{
    size_t len_a, len_b;
    const volatile char *x = secret_peek(a, &len_a), *y = secret_peek(b, &len_b);
    unsigned difference = 0;

    if (len_a != len_b)
        return false;
    for (size_t i = 0; i < len_a; i++)
        difference |= (unsigned char)x[i] ^ (unsigned)(unsigned char)y[i];
    return difference == 0;
}

bool secret_memory_locked(void)
{
    return !atomic_load(&lock_refused);
}

void secret_harden_process(void)
{
    const struct rlimit none = {0, 0};

    /* Neither can fail for lowering one's own limits. */
    (void)setrlimit(RLIMIT_CORE, &none);
#ifndef CT_SANITIZED
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    (void)umask(077);
}

void secret_wipe(void *p, size_t n)
{
    if (n > 0)
        explicit_bzero(p, n);
}
