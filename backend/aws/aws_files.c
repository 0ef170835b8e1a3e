/* The parser works in place: the bytes are copied once into a struct secret, values
 * are cut and joined where they lie, and entries are offsets into it.  So no part
 * of a key is ever anywhere else. */
#include "backend/aws/aws_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>

#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "backend/base/strbuf.h"

#define NOWHERE UINT32_MAX
#define PIPE_ROOM ((size_t)64 << 10) /* for what has no size: /dev/null, a pipe */

struct section {
    enum aws_section kind;
    uint32_t name;
};

struct entry {
    uint32_t section;    /* index */
    uint32_t outer;      /* name of the block it is in, or NOWHERE */
    uint32_t key, value; /* offsets of NUL-terminated text */
    int line;
};

struct aws_file {
    struct secret *text;
    struct section *sections;
    struct entry *entries;
    size_t nsections, sections_cap, nentries, entries_cap;
};

struct parser {
    struct aws_file *f;
    enum aws_file_kind kind;
    const char *path;
    struct why *why;
    char *buf;
    int line;
    size_t indent;    /* of the line that a continuation has to pass */
    bool has_key;     /* a name has been seen in this section */
    size_t key;       /* entry that continuation lines belong to */
    size_t value_end; /* offset behind its value so far */
};

static enum err complain(const struct parser *p, const char *what)
{
    return why_set(p->why, ERR_NO_CREDENTIALS, "%s:%d: %s", p->path, p->line, what);
}

/* --------------------------------------------------------------- slices */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static size_t trim_end(const char *buf, size_t from, size_t to)
{
    while (to > from && is_blank(buf[to - 1]))
        to--;
    return to;
}

static size_t skip_blanks(const char *buf, size_t from, size_t to)
{
    while (from < to && is_blank(buf[from]))
        from++;
    return from;
}

static void lower_in_place(char *s)
{
    for (; *s; s++)
        if (*s >= 'A' && *s <= 'Z')
            *s = (char)(*s - 'A' + 'a');
}

/* Trims and terminates [from, to); the byte at `to` may be overwritten. */
static uint32_t slice(struct parser *p, size_t from, size_t to)
{
    from = skip_blanks(p->buf, from, to);
    p->buf[trim_end(p->buf, from, to)] = '\0';
    return (uint32_t)from;
}

/* -------------------------------------------------------------- sections */

static void add_section(struct parser *p, enum aws_section kind, uint32_t name)
{
    struct aws_file *f = p->f;

    if (f->nsections == f->sections_cap) {
        f->sections_cap = f->sections_cap ? 2 * f->sections_cap : 16;
        f->sections = mem_grow(f->sections, f->sections_cap, sizeof(*f->sections));
    }
    f->sections[f->nsections++] = (struct section){kind, name};
    p->has_key = false;
}

/* The name after the section's type: one word, or text in quotes.  False when it is
 * neither: the AWS tools pass over such a section. */
static bool take_name(char *s, uint32_t *at)
{
    size_t n = strlen(s);

    if (n >= 2 && (s[0] == '"' || s[0] == '\'')) {
        if (strchr(s + 1, s[0]) != s + n - 1)
            return false;
        s[n - 1] = '\0';
        *at += 1;
        return n > 2;
    }
    return n > 0 && strpbrk(s, " \t") == NULL;
}

static void add_config_section(struct parser *p, uint32_t name)
{
    static const struct {
        const char *word;
        enum aws_section kind;
    } types[] = {
        {"profile", AWS_SECTION_PROFILE},
        {"sso-session", AWS_SECTION_SSO_SESSION},
        {"services", AWS_SECTION_SERVICES},
    };
    char *s = p->buf + name;
    size_t word = strcspn(s, " \t");

    if (strcmp(s, "default") == 0) {
        add_section(p, AWS_SECTION_PROFILE, name);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        uint32_t at = (uint32_t)(name + word + strspn(s + word, " \t"));

        if (strlen(types[i].word) == word && memcmp(types[i].word, s, word) == 0 && take_name(p->buf + at, &at)) {
            add_section(p, types[i].kind, at);
            return;
        }
    }
    add_section(p, AWS_SECTION_OTHER, name);
}

static enum err read_section(struct parser *p, size_t from, size_t to)
{
    const char *close = memchr(p->buf + from, ']', to - from);
    size_t rest, name;

    if (p->f->nsections >= AWS_FILE_ENTRIES_MAX)
        return complain(p, "more than 20000 sections");
    if (!close)
        return complain(p, "a section must end with ']'");
    rest = skip_blanks(p->buf, (size_t)(close - p->buf) + 1, to);
    if (rest < to && p->buf[rest] != '#' && p->buf[rest] != ';')
        return complain(p, "only a comment may follow a section's ']'");
    name = slice(p, from + 1, (size_t)(close - p->buf));
    if (p->buf[name] == '\0')
        return complain(p, "a section needs a name between '[' and ']'");
    if (p->kind == AWS_FILE_CREDENTIALS)
        add_section(p, AWS_SECTION_PROFILE, (uint32_t)name);
    else
        add_config_section(p, (uint32_t)name);
    return ERR_OK;
}

/* --------------------------------------------------------------- entries */

/* Reads "name = value" from [from, to), which must hold one.  Within a block the AWS
 * tools know no ':' in place of the '='. */
static enum err read_pair(struct parser *p, size_t from, size_t to, uint32_t outer)
{
    struct aws_file *f = p->f;
    struct entry e = {.outer = outer, .line = p->line};
    size_t delim = from;

    while (delim < to && p->buf[delim] != '=' && (outer != NOWHERE || p->buf[delim] != ':'))
        delim++;
    if (delim == to)
        return complain(p, outer == NOWHERE ? "expected [section], name = value, # comment or an indented line"
                                            : "expected name = value in the indented block");
    if (trim_end(p->buf, from, delim) == from)
        return complain(p, "a name is missing before the '='");
    if (f->nsections == 0)
        return complain(p, "a setting stands before the first [section]");
    if (f->nentries >= AWS_FILE_ENTRIES_MAX)
        return complain(p, "more than 20000 settings");
    e.section = (uint32_t)(f->nsections - 1);
    e.value = slice(p, delim + 1, to);
    e.key = slice(p, from, delim);
    lower_in_place(p->buf + e.key);
    if (f->nentries == f->entries_cap) {
        f->entries_cap = f->entries_cap ? 2 * f->entries_cap : 32;
        f->entries = mem_grow(f->entries, f->entries_cap, sizeof(*f->entries));
    }
    f->entries[f->nentries++] = e;
    return ERR_OK;
}

static enum err read_key(struct parser *p, size_t from, size_t to)
{
    enum err err = read_pair(p, from, to, NOWHERE);

    if (err)
        return err;
    p->has_key = true;
    p->key = p->f->nentries - 1;
    p->value_end = p->f->entries[p->key].value + strlen(p->buf + p->f->entries[p->key].value);
    return ERR_OK;
}

/* Under an empty value a block begins, else the text goes on behind a newline.  The
 * join fits where the bytes lie: at least a newline and a blank are given up for it. */
static enum err read_continuation(struct parser *p, size_t from, size_t to)
{
    const struct entry *e = &p->f->entries[p->key];

    if (p->value_end == e->value)
        return read_pair(p, from, to, e->key);
    p->buf[p->value_end++] = '\n';
    memmove(p->buf + p->value_end, p->buf + from, to - from);
    p->value_end += to - from;
    p->buf[p->value_end] = '\0';
    return ERR_OK;
}

static enum err read_line(struct parser *p, size_t start, size_t to)
{
    size_t from = skip_blanks(p->buf, start, to), indent = from - start;

    to = trim_end(p->buf, from, to);
    if (from == to || p->buf[from] == '#' || p->buf[from] == ';')
        return ERR_OK;
    if (p->has_key && indent > p->indent)
        return read_continuation(p, from, to);
    p->indent = indent;
    return p->buf[from] == '[' ? read_section(p, from, to) : read_key(p, from, to);
}

static enum err read_lines(struct parser *p, size_t n)
{
    size_t at = n >= 3 && memcmp(p->buf, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* editors leave a mark */

    while (at < n) {
        const char *newline = memchr(p->buf + at, '\n', n - at);
        size_t to = newline ? (size_t)(newline - p->buf) : n;
        enum err err;

        p->line++;
        if (memchr(p->buf + at, '\0', to - at))
            return complain(p, "a NUL byte: this is not a text file");
        err = read_line(p, at, to);
        if (err)
            return err;
        at = to + 1;
    }
    return ERR_OK;
}

/* Takes the text over.  Its bytes are changed in place before it is seen by anybody. */
static enum err parse_text(struct secret *text, char *bytes, size_t n, enum aws_file_kind kind, const char *path,
                           struct aws_file **out, struct why *why)
{
    struct aws_file *f = mem_new(sizeof(*f));
    struct parser p = {.f = f, .kind = kind, .path = path, .why = why, .buf = bytes};
    enum err err;

    f->text = text;
    err = read_lines(&p, n);
    secret_commit(text, n);
    if (err) {
        f = aws_file_free(f);
        return err;
    }
    *out = f;
    return ERR_OK;
}

/* --------------------------------------------------------------- loading */

static enum err read_all(int fd, const char *path, char *to, size_t room, size_t *out_n, struct why *why)
{
    size_t n = 0;

    for (;;) {
        ssize_t got = read(fd, to + n, room - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return why_set(why, ERR_NO_CREDENTIALS, "%s: cannot be read: %s", path, strerror(errno));
        if (got == 0)
            break;
        n += (size_t)got;
        if (n == room)
            return why_set(why, ERR_NO_CREDENTIALS, "%s: grew while it was read", path);
    }
    *out_n = n;
    return ERR_OK;
}

static enum err load_fd(int fd, const char *path, enum aws_file_kind kind, const struct stat *st, struct aws_file **out,
                        struct why *why)
{
    size_t size = S_ISREG(st->st_mode) && st->st_size >= 0 ? (size_t)st->st_size : PIPE_ROOM, room, n = 0;
    struct secret *text;
    char *bytes;
    enum err err;

    if (size > AWS_FILE_MAX)
        return why_set(why, ERR_NO_CREDENTIALS, "%s: larger than 1 MiB", path);
    text = secret_new(size + 2); /* one byte to see the end by, one for a last value's NUL */
    bytes = secret_room(text, &room);
    err = read_all(fd, path, bytes, size + 1, &n, why);
    if (err) {
        text = secret_free(text);
        return err;
    }
    return parse_text(text, bytes, n, kind, path, out, why);
}

enum err aws_file_load(const char *path, enum aws_file_kind kind, struct aws_file **out, struct stat *out_stat,
                       struct why *why)
{
    /* Not blocking: a pipe that nobody writes to must not hold up the program. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    enum err err;

    memset(out_stat, 0, sizeof(*out_stat));
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return why_set(why, ERR_NOT_FOUND, "%s: no such file", path);
    if (fd < 0)
        return why_set(why, ERR_NO_CREDENTIALS, "%s: cannot be opened: %s", path, strerror(errno));
    if (fstat(fd, out_stat) != 0)
        err = why_set(why, ERR_NO_CREDENTIALS, "%s: cannot be examined: %s", path, strerror(errno));
    else
        err = load_fd(fd, path, kind, out_stat, out, why);
    (void)close(fd); /* only read from: nothing can be lost */
    return err;
}

/* ---------------------------------------------------------------- public */

enum err aws_file_parse(const char *bytes, size_t n, enum aws_file_kind kind, const char *path, struct aws_file **out,
                        struct why *why)
{
    struct secret *text;
    size_t room;
    char *copy;

    if (n > AWS_FILE_MAX)
        return why_set(why, ERR_NO_CREDENTIALS, "%s: larger than 1 MiB", path);
    text = secret_new(n + 1);
    copy = secret_room(text, &room);
    if (n > 0)
        memcpy(copy, bytes, n);
    return parse_text(text, copy, n, kind, path, out, why);
}

struct aws_file *aws_file_free(struct aws_file *f)
{
    if (f) {
        f->text = secret_free(f->text);
        free(f->sections);
        free(f->entries);
    }
    free(f);
    return NULL;
}

bool aws_file_same(const struct aws_file *a, const struct aws_file *b)
{
    if (!a || !b)
        return a == b;
    return a->nentries == b->nentries && a->nsections == b->nsections && secret_equal(a->text, b->text);
}

static bool is_section(const struct aws_file *f, const struct section *s, enum aws_section kind, const char *name)
{
    return s->kind == kind && strcmp(secret_peek(f->text, NULL) + s->name, name) == 0;
}

static bool is_key(const struct aws_file *f, const struct entry *e, const char *key)
{
    const char *text = secret_peek(f->text, NULL);

    if (e->outer != NOWHERE) {
        const char *outer = text + e->outer;
        size_t n = strlen(outer);

        if (strncmp(key, outer, n) != 0 || key[n] != '.')
            return false;
        key += n + 1;
    }
    return strcmp(text + e->key, key) == 0;
}

bool aws_file_has(const struct aws_file *f, enum aws_section section, const char *name)
{
    for (size_t i = 0; f && i < f->nsections; i++)
        if (is_section(f, &f->sections[i], section, name))
            return true;
    return false;
}

const char *aws_file_get(const struct aws_file *f, enum aws_section section, const char *name, const char *key,
                         int *out_line)
{
    for (size_t i = f ? f->nentries : 0; i-- > 0;) {
        const struct entry *e = &f->entries[i];

        if (!is_key(f, e, key) || !is_section(f, &f->sections[e->section], section, name))
            continue;
        if (out_line)
            *out_line = e->line;
        return secret_peek(f->text, NULL) + e->value;
    }
    return NULL;
}
