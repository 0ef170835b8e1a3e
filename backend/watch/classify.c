#include "backend/watch/classify.h"

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/watch/find.h"
#include "backend/watch/json_line.h"

/* The order decides when a line matches several: what is worse for the container first,
 * except that the fetch line is exact and common. */
static const enum event_kind order[] = {EVENT_FETCH, EVENT_HIT, EVENT_FALLBACK, EVENT_FETCH_ERROR, EVENT_DB_ERROR};

struct pattern {
    const char *glob; /* the configuration's, which outlives us */
    enum event_kind event;
    size_t head;   /* bytes before the first '*' */
    uint32_t word; /* the bit of a word the text must have; 0 none */
};

struct classifier {
    const char *const *globs[ARRAY_LEN(order)];
    struct pattern *patterns; /* all of them, in the order they are tried */
    size_t n;
    struct find_words words; /* of patterns that may begin with anything */
};

/* ------------------------------------------------------------------ globs */

bool glob_match(const char *glob, struct slice text)
{
    const char *star = strchr(glob, '*');
    if (star == NULL)
        return strlen(glob) == text.n && memcmp(glob, text.s, text.n) == 0;
    size_t head = (size_t)(star - glob);
    if (text.n < head || memcmp(glob, text.s, head) != 0)
        return false;
    const char *s = text.s + head, *end = text.s + text.n;
    for (;;) {
        const char *part = star + 1;
        star = strchr(part, '*');
        if (star == NULL) { /* the last part must end the text */
            size_t tail = strlen(part);
            return (size_t)(end - s) >= tail && memcmp(end - tail, part, tail) == 0;
        }
        size_t n = (size_t)(star - part);
        const char *found = n == 0 ? s : memmem(s, (size_t)(end - s), part, n);
        if (found == NULL)
            return false;
        s = found + n;
    }
}

/* The longest literal run of a glob: what every text that matches contains. */
static struct slice glob_literal(const char *glob)
{
    struct slice best = {glob, 0};
    for (const char *p = glob; *p != '\0';) {
        size_t n = strcspn(p, "*");
        if (n > best.n)
            best = (struct slice){p, n};
        p += n + (p[n] == '*');
    }
    return best;
}

/* ------------------------------------------------------------ classifier */

static const char *const none[] = {NULL};

static void add_pattern(struct classifier *c, const char *glob, enum event_kind event)
{
    c->patterns = mem_grow(c->patterns, c->n + 1, sizeof *c->patterns);
    struct pattern *p = &c->patterns[c->n++];
    *p = (struct pattern){.glob = glob, .event = event, .head = strcspn(glob, "*")};
    if (p->head == 0 && find_words_add(&c->words, glob_literal(glob)))
        p->word = (uint32_t)1 << (c->words.n - 1);
}

struct classifier *classifier_new(const struct config_patterns *p)
{
    struct classifier *c = mem_new(sizeof *c);
    const char *const *lists[ARRAY_LEN(order)] = {p->fetch, p->hit, p->fallback, p->fetch_error, p->db_error};
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        c->globs[i] = lists[i] != NULL ? lists[i] : none;
        for (const char *const *g = c->globs[i]; *g != NULL; g++)
            add_pattern(c, *g, order[i]);
    }
    return c;
}

struct classifier *classifier_free(struct classifier *c)
{
    if (c != NULL)
        free(c->patterns);
    free(c);
    return NULL;
}

/* Terms of platform lines: what classify() below recognises, as words they all contain. */
static const struct {
    const char *term;
    enum filter_purpose least;
} platform_terms[] = {
    {"INIT_START", FILTER_CREDENTIALS},
    {"START RequestId", FILTER_COUNTING},
    {"REPORT RequestId", FILTER_COUNTING},
    {"INIT_REPORT", FILTER_COUNTING},
    {"Task timed out", FILTER_COUNTING},
    {"Runtime exited", FILTER_COUNTING},
    /* the JSON format's twins */
    {"platform.initStart", FILTER_CREDENTIALS},
    {"platform.start", FILTER_COUNTING},
    {"platform.report", FILTER_COUNTING},
    {"platform.initReport", FILTER_COUNTING},
    {"platform.fault", FILTER_COUNTING},
};

/* Written differently in a JSON line, or with a meaning of its own in a filter pattern: how a
 * quote or backslash is escaped in a term is not documented; '/' and what is beyond ASCII may
 * or may not be escaped in JSON. */
static bool is_unsafe(char c)
{
    return (unsigned char)c < ' ' || (unsigned char)c > '~' || strchr("\"\\/*", c) != NULL;
}

/* The longest run of a glob that stands in every line that matches, in either format. */
static struct slice filter_literal(const char *glob)
{
    struct slice best = {glob, 0};
    for (const char *p = glob; *p != '\0';) {
        size_t n = 0;
        while (p[n] != '\0' && !is_unsafe(p[n]))
            n++;
        if (n > best.n)
            best = (struct slice){p, n};
        p += n + (p[n] != '\0');
    }
    return best;
}

/* "a term" in OR; false when it says nothing: every line has a blank. */
static bool add_term(struct strbuf *b, struct slice term)
{
    size_t i = 0;
    while (i < term.n && !((term.s[i] | 0x20) >= 'a' && (term.s[i] | 0x20) <= 'z') &&
           !(term.s[i] >= '0' && term.s[i] <= '9'))
        i++;
    if (i == term.n)
        return false;
    strbuf_str(b, b->len > 0 ? " ?\"" : "?\"");
    strbuf_add(b, term.s, term.n);
    strbuf_char(b, '"');
    return true;
}

bool classifier_filter_pattern(const struct classifier *c, enum filter_purpose purpose, char *out, size_t size)
{
    struct strbuf b;
    bool ok = true;
    strbuf_init(&b, 1024); /* the service's own limit */
    for (size_t i = 0; i < ARRAY_LEN(platform_terms); i++)
        if (platform_terms[i].least <= purpose)
            ok = add_term(&b, (struct slice){platform_terms[i].term, strlen(platform_terms[i].term)}) && ok;
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        if (purpose == FILTER_COUNTING || order[i] == EVENT_FETCH || order[i] == EVENT_FALLBACK)
            for (const char *const *g = c->globs[i]; *g != NULL; g++)
                ok = add_term(&b, filter_literal(*g)) && ok;
    ok = ok && !strbuf_cut(&b) && str_copy(out, size, strbuf_peek(&b));
    strbuf_clear(&b);
    return ok;
}

/* One more alternative, with what has a meaning in a regular expression escaped. */
static bool add_alternative(struct strbuf *b, struct slice term)
{
    struct strbuf one;
    strbuf_init(&one, 1024);
    for (size_t i = 0; i < term.n; i++) {
        if (strchr(".|()[]{}*+?^$", term.s[i]) != NULL)
            strbuf_char(&one, '\\');
        strbuf_char(&one, term.s[i]);
    }
    size_t n = one.len;
    const char *had = strbuf_peek(b), *wanted = strbuf_peek(&one);
    for (had = n > 0 ? strstr(had, wanted) : NULL; had != NULL; had = strstr(had + 1, wanted))
        if ((had == strbuf_peek(b) || had[-1] == '|') && (had[n] == '\0' || had[n] == '|'))
            break;
    if (n > 0 && had == NULL)
        strbuf_fmt(b, "%s%s", b->len > 0 ? "|" : "", wanted);
    strbuf_clear(&one);
    return n > 0;
}

static bool add_alternatives(const struct classifier *c, enum event_kind kind, struct strbuf *b)
{
    bool ok = true;
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        for (const char *const *g = order[i] == kind ? c->globs[i] : none; *g != NULL; g++)
            ok = add_alternative(b, filter_literal(*g)) && ok;
    return ok;
}

bool classifier_past_terms(const struct classifier *c, struct strbuf *b)
{
    static const char *const platform[] = {"INIT_START",          "INIT_REPORT",
                                           "Task timed out",      "Runtime exited",
                                           "platform.initStart",  "platform.initReport",
                                           "platform.fault",      "\"status\":\"timeout\"",
                                           "\"status\":\"error\""}; /* the last two: of JSON's REPORT */
    static const enum event_kind kinds[] = {EVENT_FETCH, EVENT_FALLBACK, EVENT_FETCH_ERROR, EVENT_DB_ERROR};
    bool ok = true;
    for (size_t i = 0; i < ARRAY_LEN(platform); i++)
        ok = add_alternative(b, (struct slice){platform[i], strlen(platform[i])}) && ok;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        ok = add_alternatives(c, kinds[i], b) && ok;
    return ok;
}

void classifier_hit_terms(const struct classifier *c, struct strbuf *b)
{
    (void)add_alternatives(c, EVENT_HIT, b);
}

/* ------------------------------------------------------------------ lines */

static bool starts(struct slice s, const char *with)
{
    size_t n = strlen(with);
    return s.n >= n && memcmp(s.s, with, n) == 0;
}

static struct slice after(struct slice s, size_t n)
{
    return (struct slice){s.s + n, s.n - n};
}

static struct slice upto(struct slice s, const char *stops)
{
    return (struct slice){s.s, find_any(s, stops)};
}

static struct slice trim_end(struct slice s)
{
    while (s.n > 0 && (s.s[s.n - 1] == '\n' || s.s[s.n - 1] == '\r' || s.s[s.n - 1] == ' ' || s.s[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* A UUID: 8-4-4-4-12 of anything but separators is too strict for test systems and too
 * lax for words; so 36 bytes with the four hyphens in place. */
static bool is_request_id(struct slice s)
{
    return s.n == 36 && s.s[8] == '-' && s.s[13] == '-' && s.s[18] == '-' && s.s[23] == '-';
}

static bool is_time_stamp(struct slice s)
{
    return s.n >= 20 && s.s[4] == '-' && s.s[7] == '-' && s.s[10] == 'T' && s.s[s.n - 1] == 'Z';
}

/* "128.83 ms" -> microseconds, -1 when it is not that. */
static int32_t milliseconds(struct slice s)
{
    int64_t us = 0, unit = 1000;
    size_t i = 0;
    for (; i < s.n && s.s[i] >= '0' && s.s[i] <= '9' && us < INT32_MAX; i++)
        us = us * 10 + (s.s[i] - '0') * 1000;
    if (i == 0)
        return -1;
    if (i < s.n && s.s[i] == '.')
        for (i++; i < s.n && s.s[i] >= '0' && s.s[i] <= '9' && unit > 1; i++)
            us += (s.s[i] - '0') * (unit /= 10);
    return us > INT32_MAX ? INT32_MAX : (int32_t)us;
}

/* REPORT: tab-separated "Key: value" pairs in any order. */
static void report_pairs(struct slice s, struct line *out)
{
    while (s.n > 0) {
        struct slice pair = upto(s, "\t\n");
        if (starts(pair, "Duration: "))
            out->duration_us = milliseconds(after(pair, 10));
        else if (starts(pair, "Init Duration: "))
            out->has_init_duration = true;
        s = after(s, pair.n < s.n ? pair.n + 1 : pair.n);
    }
}

static bool platform_line(struct slice m, struct line *out)
{
    static const struct {
        const char *head;
        enum line_kind kind;
    } heads[] = {{"START RequestId: ", LINE_START}, {"END RequestId: ", LINE_END}, {"REPORT RequestId: ", LINE_REPORT}};
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        if (m.n == 0 || *m.s != *heads[i].head || !starts(m, heads[i].head))
            continue;
        struct slice id = upto(after(m, strlen(heads[i].head)), " \t\n");
        if (!is_request_id(id))
            return false;
        out->kind = heads[i].kind;
        out->request = id;
        if (out->kind == LINE_REPORT)
            report_pairs(m, out);
        return true;
    }
    if (starts(m, "INIT_START ")) {
        out->kind = LINE_INIT;
        return true;
    }
    if (starts(m, "INIT_REPORT ")) { /* written only when init failed or timed out */
        out->kind = LINE_EVENT;
        out->event = EVENT_FAILURE;
        return true;
    }
    if (starts(m, "XRAY TraceId: ") || starts(m, "EXTENSION\t") || starts(m, "TELEMETRY\t") || starts(m, "LOGS\t")) {
        out->kind = LINE_PLATFORM;
        return true;
    }
    struct slice id = starts(m, "RequestId: ") ? upto(after(m, 11), " \t\n") : (struct slice){m.s, 0};
    if (is_request_id(id) && starts(after(m, 11 + id.n), " Error: Runtime exited")) {
        out->kind = LINE_EVENT;
        out->event = EVENT_FAILURE;
        out->request = id;
        return true;
    }
    return false;
}

/* "<time>\t<request id | undefined>\t<LEVEL>\t<body>" and the time-out line, which has
 * spaces: "<time> <request id> Task timed out after 3.00 seconds". */
static void console_prefix(struct slice m, struct line *out)
{
    struct slice stamp = upto(m, " \t\n");
    if (!is_time_stamp(stamp) || stamp.n >= m.n)
        return;
    char separator = m.s[stamp.n];
    struct slice rest = after(m, stamp.n + 1), id = upto(rest, " \t\n");
    bool undefined = id.n == 9 && memcmp(id.s, "undefined", 9) == 0;
    if (id.n >= rest.n || !(is_request_id(id) || undefined))
        return;
    out->in_init = undefined;
    out->request = undefined ? (struct slice){id.s, 0} : id;
    rest = after(rest, id.n + 1);
    if (separator == ' ' && starts(rest, "Task timed out after ")) {
        out->kind = LINE_EVENT;
        out->event = EVENT_FAILURE;
    } else {
        struct slice level = upto(rest, "\t\n");
        if (level.n < rest.n && level.n <= 5 && rest.s[level.n] == '\t')
            rest = after(rest, level.n + 1);
    }
    out->body = rest;
}

/* Python's runtime: "[LEVEL]\t<time>\t<request id>\t<body>"; no id during init. */
static void python_prefix(struct slice m, struct line *out)
{
    struct slice level = upto(m, "\t");
    if (level.n < 4 || level.s[0] != '[' || level.s[level.n - 1] != ']' || level.n >= m.n)
        return;
    struct slice rest = after(m, level.n + 1), stamp = upto(rest, "\t");
    if (!is_time_stamp(stamp) || stamp.n >= rest.n)
        return;
    rest = after(rest, stamp.n + 1);
    struct slice id = upto(rest, "\t");
    if (id.n >= rest.n || (id.n > 0 && !is_request_id(id)))
        return;
    out->in_init = id.n == 0;
    out->request = id;
    out->body = after(rest, id.n + 1);
}

/* Java with AWS's log4j2 pattern: "<date> <time> <request id> LEVEL  Class:12 - <body>". */
static void java_prefix(struct slice m, struct line *out)
{
    if (m.n < 20 || m.s[4] != '-' || m.s[7] != '-' || m.s[10] != ' ' || m.s[13] != ':' || m.s[16] != ':')
        return;
    struct slice time = upto(after(m, 11), " ");
    if (11 + time.n + 1 >= m.n)
        return;
    struct slice rest = after(m, 11 + time.n + 1), id = upto(rest, " ");
    const char *dash = is_request_id(id) ? memmem(rest.s, rest.n, " - ", 3) : NULL;
    if (dash == NULL)
        return;
    out->request = id;
    out->body = after(rest, (size_t)(dash - rest.s) + 3);
}

/* All but the room, which is worth no clearing for every line. */
static void reset(struct line *out, struct slice message)
{
    out->kind = LINE_OTHER;
    out->event = EVENT_OTHER;
    out->request = (struct slice){"", 0};
    out->in_init = out->has_init_duration = out->failed = false;
    out->body = message;
    out->duration_us = -1;
}

/* Few lines match any pattern, so what cannot match is found out first: a pattern's first
 * byte, or of those that begin with '*' a word. */
static void by_patterns(const struct classifier *c, struct line *out)
{
    struct slice body = out->body;
    uint32_t words = c->words.n > 0 ? find_words(&c->words, body) : 0;
    for (const struct pattern *p = c->patterns; p < c->patterns + c->n; p++) {
        if (p->head > 0 ? body.n < p->head || *body.s != *p->glob : (p->word & ~words) != 0)
            continue;
        if (glob_match(p->glob, body)) {
            out->kind = LINE_EVENT;
            out->event = p->event;
            return;
        }
    }
}

/* The first byte tells most of it. */
static void prefix(struct slice m, struct line *out)
{
    char first = m.n > 0 ? *m.s : '\0';
    if (first == '{' && !json_line_read(m, out))
        reset(out, m); /* not Lambda's JSON, though it may have begun so: the program's own words */
    else if (first == '[')
        python_prefix(m, out);
    else if (first >= '0' && first <= '9' && m.n > 10)
        (m.s[10] == 'T' ? console_prefix : java_prefix)(m, out);
}

void classify(const struct classifier *c, struct slice message, struct line *out)
{
    message = trim_end(message);
    reset(out, message);
    if (platform_line(message, out))
        return;
    prefix(message, out);
    if (out->kind == LINE_OTHER)
        by_patterns(c, out);
}
