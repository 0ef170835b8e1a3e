#include "backend/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"

#define TEXT_MAX 1024 /* bytes of one line before they are made safe */
#define LINE_MAX_BYTES (2 * TEXT_MAX)

/* The log is the one thing every layer may use without being handed it: a global
 * by decision.  The lock keeps lines whole and the descriptor alive. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int file = -1;                     /* guarded by lock */
static atomic_int most_level = LOG_ERROR; /* read without the lock: dropped lines cost nothing */
static atomic_bool is_open;

static void close_locked(void)
{
    if (file >= 0)
        close(file);
    file = -1;
    atomic_store(&is_open, false);
}

enum err log_open(const char *path, enum log_level most, struct why *why)
{
    struct stat st;

    /* O_NONBLOCK, or opening a pipe that nobody reads would hang here for good. */
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
    if (fd < 0) {
        const char *reason = errno == ELOOP ? "is a symbolic link; the log must be a plain file" : strerror(errno);
        return why_set(why, ERR_IO, "log file %s: %s", path, reason);
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return why_set(why, ERR_IO, "log file %s: is not a plain file", path);
    }
    pthread_mutex_lock(&lock);
    close_locked();
    file = fd;
    atomic_store(&most_level, (int)most);
    atomic_store(&is_open, true);
    pthread_mutex_unlock(&lock);
    return ERR_OK;
}

void log_close(void)
{
    pthread_mutex_lock(&lock);
    close_locked();
    pthread_mutex_unlock(&lock);
}

int log_fd(void)
{
    pthread_mutex_lock(&lock);
    int fd = file;
    pthread_mutex_unlock(&lock);
    return fd;
}

/* A log that cannot be written has nobody to tell: the rest of the line is lost. */
static void write_whole_locked(const char *line, size_t n)
{
    while (file >= 0 && n > 0) {
        ssize_t written = write(file, line, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        line += written;
        n -= (size_t)written;
    }
}

void log_line(enum log_level level, const char *fmt, ...)
{
    static const char *const names[] = {
        [LOG_ERROR] = "ERROR", [LOG_WARN] = "WARN", [LOG_INFO] = "INFO", [LOG_DEBUG] = "DEBUG"};
    char raw[TEXT_MAX], safe[LINE_MAX_BYTES], stamp[29], line[LINE_MAX_BYTES + 64];
    va_list args;

    if (!atomic_load(&is_open) || (int)level > atomic_load(&most_level))
        return;
    ASSERT((size_t)level < ARRAY_LEN(names));
    va_start(args, fmt);
    (void)vsnprintf(raw, sizeof(raw), fmt, args); /* longer ones are cut, on purpose */
    va_end(args);

    size_t n = text_mask(raw, strlen(raw));
    (void)text_safe(safe, sizeof(safe), raw, n);
    clock_iso_ms(clock_wall_ms(clock_real()), stamp);
    (void)str_fmt(line, sizeof(line), "%s %s %s\n", stamp, names[level], safe);

    pthread_mutex_lock(&lock);
    write_whole_locked(line, strlen(line));
    pthread_mutex_unlock(&lock);
}
