#include "backend/watch/json_line.h"

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "backend/watch/find.h"

#define NESTING_MAX 32

/* ------------------------------------------------------------ walking JSON
 *
 * Values stay raw: a text keeps its quotes and escapes, an object its braces. */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && is_space(*p))
        p++;
    return p;
}

/* p at the opening quote; past the closing one, or NULL. */
static const char *skip_text(const char *p, const char *end)
{
    for (p++; p < end; p++) {
        p += find_any((struct slice){p, (size_t)(end - p)}, "\"");
        if (p == end)
            return NULL;
        const char *back = p;
        while (back[-1] == '\\')
            back--;
        if ((p - back) % 2 == 0) /* an even number of backslashes escapes nothing */
            return p + 1;
    }
    return NULL;
}

static const char *skip_value(const char *p, const char *end)
{
    int depth = 0;
    for (; p < end; p++) {
        if (*p == '"') {
            p = skip_text(p, end);
            if (p == NULL)
                return NULL;
            p--;
        } else if (*p == '{' || *p == '[') {
            if (++depth > NESTING_MAX)
                return NULL;
        } else if (*p == '}' || *p == ']') {
            if (depth-- == 0)
                return p;
        } else if (*p == ',' && depth == 0) {
            return p;
        }
        if (depth == 0 && (*p == '"' || *p == '}' || *p == ']'))
            return p + 1;
    }
    return NULL; /* an object's member is followed by something */
}

/* The next "key": value of an object; *p begins after its '{' or the last value.  Returns
 * 1, 0 at the closing brace, -1 when it is not JSON. */
static int next_member(const char **p, const char *end, struct slice *key, struct slice *value)
{
    const char *s = skip_space(*p, end);
    if (s < end && *s == ',')
        s = skip_space(s + 1, end);
    if (s < end && *s == '}') {
        *p = s + 1;
        return 0;
    }
    if (s >= end || *s != '"')
        return -1;
    const char *after = skip_text(s, end);
    if (after == NULL)
        return -1;
    *key = (struct slice){s + 1, (size_t)(after - s) - 2};
    s = skip_space(after, end);
    if (s >= end || *s != ':')
        return -1;
    s = skip_space(s + 1, end);
    after = skip_value(s, end);
    if (after == NULL)
        return -1;
    *value = (struct slice){s, (size_t)(after - s)};
    while (value->n > 0 && is_space(s[value->n - 1]))
        value->n--;
    *p = after;
    return 1;
}

static bool is(struct slice s, const char *word)
{
    return s.n == strlen(word) && memcmp(s.s, word, s.n) == 0;
}

/* Without the quotes; empty for anything but a text. */
static struct slice text_of(struct slice raw)
{
    return raw.n >= 2 && raw.s[0] == '"' ? (struct slice){raw.s + 1, raw.n - 2} : (struct slice){raw.s, 0};
}

/* Milliseconds with a fraction -> microseconds. */
static int32_t micros(struct slice raw)
{
    int64_t us = 0, unit = 1000;
    size_t i = 0;
    for (; i < raw.n && raw.s[i] >= '0' && raw.s[i] <= '9' && us < INT32_MAX; i++)
        us = us * 10 + (raw.s[i] - '0') * 1000;
    if (i == 0)
        return -1;
    if (i < raw.n && raw.s[i] == '.')
        for (i++; i < raw.n && raw.s[i] >= '0' && raw.s[i] <= '9' && unit > 1; i++)
            us += (raw.s[i] - '0') * (unit /= 10);
    return us > INT32_MAX ? INT32_MAX : (int32_t)us;
}

/* ----------------------------------------------------------- platform lines */

static const struct {
    const char *type;
    enum line_kind kind;
} platform[] = {{"platform.initStart", LINE_INIT}, {"platform.start", LINE_START}, {"platform.report", LINE_REPORT}};

static void read_metrics(struct slice metrics, struct line *out)
{
    struct slice key, value;
    const char *p = metrics.s + 1, *end = metrics.s + metrics.n;
    while (metrics.n > 0 && *metrics.s == '{' && next_member(&p, end, &key, &value) > 0) {
        if (is(key, "durationMs"))
            out->duration_us = micros(value);
        else if (is(key, "initDurationMs"))
            out->has_init_duration = true;
    }
}

static void read_record(struct slice record, struct line *out)
{
    struct slice key, value;
    const char *p = record.s + 1, *end = record.s + record.n;
    while (record.n > 0 && *record.s == '{' && next_member(&p, end, &key, &value) > 0) {
        if (is(key, "requestId"))
            out->request = text_of(value);
        else if (is(key, "status"))
            out->failed = is(text_of(value), "timeout") || is(text_of(value), "error");
        else if (is(key, "metrics"))
            read_metrics(value, out);
    }
}

static bool platform_line(struct slice type, struct slice record, struct line *out)
{
    if (type.n < 9 || memcmp(type.s, "platform.", 9) != 0)
        return false;
    out->kind = LINE_PLATFORM;
    for (size_t i = 0; i < ARRAY_LEN(platform); i++)
        if (is(type, platform[i].type)) {
            out->kind = platform[i].kind;
            read_record(record, out);
        }
    if (out->kind == LINE_REPORT || out->kind == LINE_START)
        return out->request.n > 0;
    if (is(type, "platform.initReport") || is(type, "platform.fault")) { /* of an init that failed: see status */
        read_record(record, out);
        if (out->failed || is(type, "platform.fault")) {
            out->kind = LINE_EVENT;
            out->event = EVENT_FAILURE;
        }
    }
    return true;
}

/* -------------------------------------------------------- application lines */

/* The escapes that occur in messages; \u stays as it is, since no pattern needs it. */
static struct slice unescape(struct slice s, char *room, size_t size)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (memchr(s.s, '\\', s.n) == NULL)
        return s;
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < size; i++) {
        const char *at = s.s[i] == '\\' && i + 1 < s.n ? strchr(from, s.s[i + 1]) : NULL;
        if (at != NULL && *at != '\0') {
            room[n++] = to[at - from];
            i++;
        } else {
            room[n++] = s.s[i];
        }
    }
    return (struct slice){room, n};
}

bool json_line_read(struct slice message, struct line *out)
{
    struct slice key, value, type = {"", 0}, record = {"", 0}, text = {"", 0}, request = {"", 0}, stamp = {"", 0},
                             error = {"", 0};
    const char *p = message.s + 1, *end = message.s + message.n;
    int more;
    bool has_message = false;
    while ((more = next_member(&p, end, &key, &value)) > 0) {
        if (is(key, "message"))
            text = value, has_message = true;
        else if (is(key, "type"))
            type = text_of(value);
        else if (is(key, "record"))
            record = value;
        else if (is(key, "requestId") || is(key, "AWSRequestId")) /* the latter: Java's and Python's */
            request = text_of(value);
        else if (is(key, "timestamp"))
            stamp = value;
        else if (is(key, "errorMessage"))
            error = value;
    }
    if (more < 0 || skip_space(p, end) != end)
        return false;
    if (type.n > 0 && record.n > 0)
        return platform_line(type, record, out);
    if (stamp.n == 0 || (!has_message && error.n == 0))
        return false;
    out->kind = LINE_OTHER;
    out->request = request;
    out->in_init = request.n == 0;
    if (!has_message)
        text = error;
    out->body = text.n > 0 && *text.s == '"' ? unescape(text_of(text), out->room, sizeof out->room) : text;
    return true;
}
