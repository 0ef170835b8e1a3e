/* Preloaded: the n-th call of one function fails, once.
 *
 *   FAILING_CALL=write FAILING_N=3 FAILING_ERRNO=28 FAILING_SEEN=FILE LD_PRELOAD=failing.so credtop ...
 *
 * FILE is made when the call was reached, so that whoever walks n upwards knows when to stop. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int calls;

static void seen(void)
{
    const char *path = getenv("FAILING_SEEN");
    long fd = path ? syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT, 0600) : -1;
    if (fd >= 0)
        (void)syscall(SYS_close, fd);
}

/* Whether this one is to fail; errno is set then. */
static bool fails(const char *name)
{
    const char *call = getenv("FAILING_CALL"), *n = getenv("FAILING_N"), *number = getenv("FAILING_ERRNO");
    if (!call || !n || !number || strcmp(call, name) != 0)
        return false;
    if (atomic_fetch_add(&calls, 1) + 1 != (int)strtol(n, NULL, 10))
        return false;
    seen();
    errno = (int)strtol(number, NULL, 10);
    return true;
}

/* An eventfd takes every number in time: the kernel refuses no write to one but by a signal. */
static bool is_eventfd(int fd)
{
    static const char name[] = "anon_inode:[eventfd]";
    char path[32], target[sizeof name];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return readlink(path, target, sizeof target) == (ssize_t)sizeof name - 1 && memcmp(target, name, sizeof name - 1) == 0;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    if (!fails("write"))
        return syscall(SYS_write, fd, bytes, n);
    if (is_eventfd(fd))
        errno = EINTR;
    return -1;
}

int fsync(int fd)
{
    return fails("fsync") ? -1 : (int)syscall(SYS_fsync, fd);
}

int socket(int domain, int type, int protocol)
{
    return fails("socket") ? -1 : (int)syscall(SYS_socket, domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t n)
{
    return fails("connect") ? -1 : (int)syscall(SYS_connect, fd, address, n);
}

typedef int create(pthread_t *thread, const pthread_attr_t *attr, void *(*work)(void *), void *arg);

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*work)(void *), void *arg)
{
    create *real = (create *)dlsym(RTLD_NEXT, "pthread_create");
    return fails("pthread_create") ? EAGAIN : real(thread, attr, work, arg);
}

int mlock(const void *at, size_t n)
{
    return fails("mlock") ? -1 : (int)syscall(SYS_mlock, at, n);
}

int eventfd(unsigned first, int flags)
{
    return fails("eventfd") ? -1 : (int)syscall(SYS_eventfd2, first, flags);
}

int pipe2(int ends[2], int flags)
{
    return fails("pipe2") ? -1 : (int)syscall(SYS_pipe2, ends, flags);
}

static int open_call(const char *path, int flags, va_list args)
{
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, int) : 0;
    return fails("open") ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    int fd = open_call(path, flags, args);
    va_end(args);
    return fd;
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    int fd = open_call(path, flags, args);
    va_end(args);
    return fd;
}
