/* credential_process: a program of the operator's that prints keys.
 *
 * No shell: the line is split as one would, and nothing in it is expanded.  The program
 * has a process group of its own, nothing to read from, no way to our terminal, a
 * minute, and 64 KiB to say it in. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "backend/aws/identity_store.h"
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"

#define WORDS_MAX 64
#define OUTPUT_MAX ((size_t)64 << 10)
#define SAYS_MAX 512 /* of its standard error */
#define LOOK_MS 50   /* whether it has ended, though somebody holds its pipes open */

extern char **environ;

/* ------------------------------------------------------------------ words */

struct words {
    char *text; /* the words, NUL-terminated, in one piece */
    char *argv[WORDS_MAX + 1];
    size_t n;
};

/* Python's shlex, which the AWS tools use: blanks part words; '...' is as it is; in "..."
 * a backslash escapes '"' and itself; elsewhere it escapes anything. */
static const char *split(const char *line, struct words *out)
{
    char *to = out->text, quote = '\0';
    bool in_word = false;

    for (const char *p = line;; p++) {
        bool ends = *p == '\0' || (!quote && strchr(" \t\r\n", *p));

        if (*p == '\0' && quote)
            return "has a quote that is not closed";
        if (ends && in_word) {
            *to++ = '\0';
            in_word = false;
        }
        if (*p == '\0')
            break;
        if (ends)
            continue;
        if (!in_word) {
            if (out->n == WORDS_MAX)
                return "has more than 64 words";
            out->argv[out->n++] = to;
            in_word = true;
        }
        if (!quote && (*p == '\'' || *p == '"')) {
            quote = *p;
        } else if (quote && *p == quote) {
            quote = '\0';
        } else if (*p == '\\' && (!quote || (quote == '"' && (p[1] == '"' || p[1] == '\\')))) {
            if (p[1] == '\0')
                return "ends in a backslash";
            *to++ = *++p;
        } else {
            *to++ = *p;
        }
    }
    out->argv[out->n] = NULL;
    return out->n > 0 ? NULL : "is empty";
}

/* ---------------------------------------------------------------- running */

struct child {
    pid_t pid;
    int out, err; /* our ends of its pipes; -1: closed */
    bool ended;
    int status;
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* a pipe: nothing can be lost */
    *fd = -1;
}

static int spawn_with(char *const argv[], int out, int err, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    int failed;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    if (posix_spawn_file_actions_init(&files) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attr) != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    failed = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    failed = failed ? failed : posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    failed = failed ? failed : posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
    failed = failed ? failed : posix_spawnattr_setpgroup(&attr, 0);
    failed = failed ? failed : posix_spawnattr_setsigmask(&attr, &none); /* ours are blocked for signalfd */
    failed = failed ? failed : posix_spawnattr_setsigdefault(&attr, &all);
    failed = failed ? failed
                    : posix_spawnattr_setflags(&attr,
                                               POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    failed = failed ? failed : posix_spawnp(pid, argv[0], &files, &attr, argv, environ);
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&files);
    return failed;
}

static enum err start(const struct walk *w, const char *where, char *const argv[], struct child *c)
{
    int out[2] = {-1, -1}, err[2] = {-1, -1}, failed = 0;

    *c = (struct child){.pid = -1, .out = -1, .err = -1};
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0 || fcntl(out[0], F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(err[0], F_SETFL, O_NONBLOCK) != 0)
        failed = errno;
    if (!failed)
        failed = spawn_with(argv, out[1], err[1], &c->pid);
    close_end(&out[1]);
    close_end(&err[1]);
    c->out = out[0];
    c->err = err[0];
    if (!failed)
        return ERR_OK;
    close_end(&c->out);
    close_end(&c->err);
    return why_set(w->why, ERR_NO_CREDENTIALS, "%s: credential_process %s cannot be started: %s", where, argv[0],
                   strerror(failed));
}

static void look_whether_ended(struct child *c)
{
    int status;
    pid_t got = c->ended ? 0 : waitpid(c->pid, &status, WNOHANG);

    if (got == 0 || (got < 0 && errno == EINTR))
        return;
    c->ended = true;
    c->status = got < 0 ? -1 : status; /* somebody ignores SIGCHLD: its status is lost */
}

/* Takes what is there.  False: too much. */
static bool take_output(struct child *c, struct secret *out)
{
    while (c->out >= 0) {
        size_t room;
        char *to = secret_room(out, &room);
        ssize_t got = room > 0 ? read(c->out, to, room) : 0;

        if (room == 0)
            return false;
        if (got > 0)
            secret_commit(out, (size_t)got);
        else if (got == 0 || (errno != EINTR && errno != EAGAIN))
            close_end(&c->out);
        else if (errno == EAGAIN)
            break;
    }
    return true;
}

/* Only the beginning is kept, the rest is read so that it is not held up. */
static void take_words(struct child *c, char says[SAYS_MAX], size_t *n)
{
    while (c->err >= 0) {
        char more[1024];
        ssize_t got = read(c->err, more, sizeof(more));

        if (got > 0) {
            size_t fit = SAYS_MAX - *n < (size_t)got ? SAYS_MAX - *n : (size_t)got;

            memcpy(says + *n, more, fit);
            *n += fit;
        } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
            close_end(&c->err);
        } else if (errno == EAGAIN) {
            break;
        }
    }
}

/* Waits for either pipe, the cancel, or a look at whether it has ended.  False: cancelled. */
static bool wait_for_more(const struct walk *w, const struct child *c)
{
    struct pollfd fds[CANCEL_FDS_MAX + 2];
    nfds_t n = (nfds_t)cancel_fds(w->cancel, fds);

    if (c->out >= 0)
        fds[n++] = (struct pollfd){.fd = c->out, .events = POLLIN};
    if (c->err >= 0)
        fds[n++] = (struct pollfd){.fd = c->err, .events = POLLIN};
    (void)poll(fds, n, LOOK_MS); /* whatever woke it, everything is looked at */
    return !w->cancel || !cancel_is_set(w->cancel);
}

static enum err attend(const struct walk *w, const char *where, struct child *c, struct secret *out,
                       char says[SAYS_MAX], size_t *n)
{
    for (;;) {
        bool done = c->ended; /* looked at before reading: what it wrote is in the pipe by then */

        take_words(c, says, n);
        if (!take_output(c, out))
            return why_set(w->why, ERR_TOO_BIG, "%s: credential_process wrote more than %zu KiB", where,
                           OUTPUT_MAX >> 10);
        if (done)
            return ERR_OK;
        if (clock_mono_ms(clock_real()) >= w->deadline_mono_ms)
            return why_set(w->why, ERR_TIMEOUT, "%s: credential_process took too long and was ended", where);
        if (!wait_for_more(w, c))
            return why_set(w->why, ERR_CANCELLED, NULL);
        look_whether_ended(c);
    }
}

/* What it said on standard error, safe and without what looks like a secret. */
static enum err failed(const struct walk *w, const char *where, const struct child *c, char says[SAYS_MAX], size_t n)
{
    n = text_mask(says, n);
    while (n > 0 && (says[n - 1] == '\n' || says[n - 1] == '\r' || says[n - 1] == ' '))
        n--;
    if (c->status != -1 && WIFSIGNALED(c->status))
        return why_set(w->why, ERR_NO_CREDENTIALS, "%s: credential_process was ended by signal %d: %.*s", where,
                       WTERMSIG(c->status), (int)n, says);
    return why_set(w->why, ERR_NO_CREDENTIALS, "%s: credential_process ended with status %d: %.*s", where,
                   c->status != -1 ? WEXITSTATUS(c->status) : -1, (int)n, says);
}

static enum err run(const struct walk *w, const char *where, char *const argv[], struct secret *out)
{
    char says[SAYS_MAX];
    size_t n = 0;
    struct child c;
    enum err err = start(w, where, argv, &c);

    if (err)
        return err;
    err = attend(w, where, &c, out, says, &n);
    if (!c.ended) {
        (void)kill(-c.pid, SIGKILL); /* its whole group; it may be gone already */
        while (waitpid(c.pid, &c.status, 0) < 0 && errno == EINTR)
            continue;
    }
    close_end(&c.out);
    close_end(&c.err);
    if (err == ERR_OK && c.status != 0)
        err = failed(w, where, &c, says, n);
    secret_wipe(says, sizeof(says));
    return err;
}

/* ------------------------------------------------------------------ answer */

static enum err check_version(const struct walk *w, const char *where, const struct secret *json)
{
    size_t n;
    const char *bytes = secret_peek(json, &n);
    struct why why = {0};
    json_t *o = json_read_object(bytes, n, &why);
    const json_t *version = json_object_get(o, "Version");
    bool is_one = json_is_integer(version) && json_integer_value(version) == 1;
    bool readable = o != NULL;

    json_decref(o);
    if (!readable)
        return why_set(w->why, ERR_MALFORMED, "%s: credential_process: %s", where, why.text);
    if (!is_one)
        return why_set(w->why, ERR_MALFORMED, "%s: credential_process: Version must be 1", where);
    return ERR_OK;
}

enum err ask_process(const struct walk *w, struct identity *out)
{
    static const struct json_names names = {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"};
    const char *line = walk_setting(w, "credential_process"), *fault;
    char where[300], origin[340];
    struct words words = {0};
    struct secret *json;
    enum err err = ERR_OK;

    if (!line)
        return ERR_NOT_FOUND;
    (void)files_view_where(w->files, w->profile, "credential_process", where, sizeof(where));
    if (w->store->restricted)
        return why_set(w->why, ERR_NO_CREDENTIALS, "%s: credential_process is not run in restricted mode", where);
    words.text = mem_new(strlen(line) + 1);
    fault = split(line, &words);
    if (fault)
        err = why_set(w->why, ERR_SETTING, "%s: credential_process %s", where, fault);
    json = secret_new(OUTPUT_MAX);
    if (!err)
        err = run(w, where, words.argv, json);
    if (!err)
        err = check_version(w, where, json);
    (void)str_fmt(origin, sizeof(origin), "%s: credential_process", where);
    if (!err)
        err = identity_from_json(w, origin, json, &names, out);
    json = secret_free(json);
    free(words.text);
    if (err == ERR_OK)
        identity_set_source(out, "credential_process of profile %s", w->profile);
    return err;
}
