/* Preloaded: the wall clock and name resolution are what a file says, from one call to the next.
 *
 *   WORLD_FILE=FILE LD_PRELOAD=world.so credtop ...
 *
 * FILE holds two numbers of 64 bits in this machine's order: how many milliseconds the clock is
 * ahead, and what becomes of names that end in ".test": 0 they are 127.0.0.1, 1 there is no such
 * name, 2 no name server answers, which takes resolvers as long as they are set to wait.
 *
 * The clock that never steps is left alone.  vDSO or not: the program calls the C library by
 * name, and finds this first. */
#include <fcntl.h>
#include <netdb.h>
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "wall.h"

#define NAME_SERVER_S 10

struct world {
    _Atomic int64_t ahead_ms, names;
};

static struct world still;
static struct world *world = &still;

__attribute__((constructor)) static void world_begin(void)
{
    const char *path = getenv("WORLD_FILE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *at = mmap(NULL, sizeof(struct world), PROT_READ, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (at != MAP_FAILED)
        world = at;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
    int failed = (int)syscall(SYS_clock_gettime, id, out);
    if (failed != 0 || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
        return failed;
    int64_t ms = (int64_t)out->tv_sec * 1000 + out->tv_nsec / 1000000 + world->ahead_ms;
    out->tv_sec = (time_t)(ms / 1000);
    out->tv_nsec = (long)(ms % 1000) * 1000000 + out->tv_nsec % 1000000;
    return 0;
}

typedef int resolve(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out);

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    resolve *real = (resolve *)dlsym(RTLD_NEXT, "getaddrinfo");
    size_t n = host ? strlen(host) : 0;
    if (n < 5 || strcmp(host + n - 5, ".test") != 0)
        return real(host, service, hints, out);
    if (world->names == 2)
        for (int i = 0; i < 10 * NAME_SERVER_S && world->names == 2; i++)
            (void)usleep(100000);
    if (world->names != 0)
        return world->names == 1 ? EAI_NONAME : EAI_AGAIN;
    return real("127.0.0.1", service, hints, out);
}
