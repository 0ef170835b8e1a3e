#include "ui/range.h"

#include <string.h>
#include <time.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "ui/format.h"

#define SECOND_MS INT64_C(1000)
#define DAY_MS INT64_C(86400000)
#define LONGEST_MS (INT64_C(3653) * DAY_MS)

static bool digits(const char **at, const char *end, int most, int *out)
{
    int n = 0, value = 0;
    for (; *at < end && **at >= '0' && **at <= '9' && n < most; (*at)++, n++)
        value = value * 10 + (**at - '0');
    *out = value;
    return n > 0;
}

static int64_t unit_ms(char c)
{
    static const struct {
        char letter;
        int64_t ms;
    } units[] = {{'s', SECOND_MS}, {'m', 60 * SECOND_MS}, {'h', 3600 * SECOND_MS}, {'d', DAY_MS}, {'w', 7 * DAY_MS}};
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if ((c | 0x20) == units[i].letter)
            return units[i].ms;
    return 0;
}

bool range_duration(const char *text, size_t n, int64_t *out_ms)
{
    const char *end = text + n;
    int64_t sum = 0;
    if (n == 0)
        return false;
    while (text < end) {
        int value = 0;
        if (!digits(&text, end, 6, &value))
            return false;
        int64_t unit = text < end ? unit_ms(*text++) : SECOND_MS;
        sum += value * unit;
        if (unit == 0 || sum > LONGEST_MS)
            return false;
    }
    *out_ms = sum;
    return true;
}

static bool broken_down(int64_t ms, bool local, struct tm *out)
{
    time_t seconds = (time_t)(ms / 1000);
    return (local ? localtime_r(&seconds, out) : gmtime_r(&seconds, out)) != NULL;
}

static int64_t put_together(struct tm t, bool local)
{
    t.tm_isdst = -1;
    return (int64_t)(local ? mktime(&t) : timegm(&t)) * 1000;
}

/* "14:20", "14:20:05" */
static bool clock_of(const char **at, const char *end, struct tm *t)
{
    int h = 0, m = 0, s = 0;
    if (!digits(at, end, 2, &h) || *at == end || *(*at)++ != ':' || !digits(at, end, 2, &m))
        return false;
    if (*at < end && **at == ':') {
        (*at)++;
        if (!digits(at, end, 2, &s))
            return false;
    }
    t->tm_hour = h;
    t->tm_min = m;
    t->tm_sec = s;
    return h < 24 && m < 60 && s < 60;
}

/* "2026-09-03" */
static bool day_of(const char **at, const char *end, struct tm *t)
{
    int y = 0, m = 0, d = 0;
    if (end - *at < 10 || (*at)[4] != '-' || (*at)[7] != '-')
        return false;
    const char *from = *at;
    bool ok = digits(&from, from + 4, 4, &y) && from == *at + 4;
    from++;
    ok = ok && digits(&from, from + 2, 2, &m) && from == *at + 7;
    from++;
    ok = ok && digits(&from, from + 2, 2, &d) && from == *at + 10;
    *t = (struct tm){.tm_year = y - 1900, .tm_mon = m - 1, .tm_mday = d};
    *at += ok ? 10 : 0;
    return ok && y >= 1970 && m >= 1 && m <= 12 && d >= 1 && d <= 31;
}

bool range_moment(const char *text, size_t n, int64_t now_ms, bool local, int64_t *out_ms)
{
    const char *at = text, *end = text + n;
    struct tm t = {0};
    bool with_day = day_of(&at, end, &t);
    if (with_day && at < end && (*at == 'T' || *at == ' ')) {
        at++;
        if (!clock_of(&at, end, &t))
            return false;
    } else if (!with_day && (!broken_down(now_ms, local, &t) || !clock_of(&at, end, &t))) {
        return false;
    }
    bool utc = at < end && (*at == 'Z' || *at == 'z');
    at += utc ? 1 : 0;
    if (at != end)
        return false;
    int64_t ms = put_together(t, local && !utc);
    if (!with_day && ms > now_ms) { /* of yesterday */
        t.tm_mday--;
        ms = put_together(t, local && !utc);
    }
    *out_ms = ms;
    return true;
}

static const char *after_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    if (format_find(text, word) != text || text[n] != ' ')
        return NULL;
    return text + n + strspn(text + n, " ");
}

/* "14:20-14:40": a '-' with a moment, or nothing, on each side. */
static bool between(const char *text, int64_t now_ms, bool local, struct range *out)
{
    size_t n = strlen(text);
    for (const char *dash = strchr(text, '-'); dash; dash = strchr(dash + 1, '-')) {
        struct range r = {0};
        size_t before = (size_t)(dash - text), after = n - before - 1;
        if (before + after == 0 || (before > 0 && !range_moment(text, before, now_ms, local, &r.from_ms)) ||
            (after > 0 && !range_moment(dash + 1, after, now_ms, local, &r.to_ms)))
            continue;
        if (r.to_ms > 0 && r.from_ms > r.to_ms && strlen(text) < 18) /* over midnight: 23:50-00:10 */
            r.from_ms -= DAY_MS;
        if (r.to_ms > 0 && r.from_ms >= r.to_ms)
            return false;
        *out = r;
        return true;
    }
    return false;
}

bool range_parse(const char *text, int64_t now_ms, bool local, struct range *out, char error[RANGE_ERROR])
{
    char word[64];
    text += strspn(text, " ");
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == ' ')
        n--;
    struct range r = {0};
    error[0] = '\0';
    bool ok = n < sizeof(word);
    str_copy_n(word, sizeof(word), text, n);
    const char *since = after_word(word, "since"), *until = after_word(word, "until");
    if (!ok || n == 0 || strcmp(word, "all") == 0)
        ; /* everything */
    else if (since)
        ok = range_moment(since, strlen(since), now_ms, local, &r.from_ms);
    else if (until)
        ok = range_moment(until, strlen(until), now_ms, local, &r.to_ms);
    else
        ok = (range_duration(word, n, &r.last_ms) && r.last_ms > 0) || between(word, now_ms, local, &r) ||
             range_moment(word, n, now_ms, local, &r.from_ms);
    if (ok)
        *out = r;
    else
        str_copy(error, RANGE_ERROR, "a range is 15m, 6h, 2d, all, since 14:20, until 14:40, or 14:20-14:40");
    return ok;
}

const char *range_offered(size_t i)
{
    static const char *const some[] = {"15m", "1h", "6h", "24h", "all"};
    return i < ARRAY_LEN(some) ? some[i] : NULL;
}

bool range_is_all(const struct range *r)
{
    return r->last_ms == 0 && r->from_ms == 0 && r->to_ms == 0;
}

void range_bounds(const struct range *r, int64_t now_ms, int64_t *out_from_ms, int64_t *out_to_ms)
{
    *out_from_ms = r->last_ms > 0 ? now_ms - r->last_ms : r->from_ms > 0 ? r->from_ms : INT64_MIN;
    *out_to_ms = r->to_ms > 0 ? r->to_ms : INT64_MAX;
}

static const char *moment_words(int64_t ms, int64_t now_ms, bool local, char out[FORMAT_SIZE])
{
    char day[FORMAT_SIZE], today[FORMAT_SIZE];
    format_stamp(ms, local, out);
    str_copy_n(day, sizeof(day), out, 10);
    format_stamp(now_ms, local, today);
    if (strncmp(day, today, 10) == 0)
        format_clock(ms, local, false, out);
    size_t n = strlen(out); /* whole minutes need no seconds */
    if (n == 8 && strcmp(out + 5, ":00") == 0)
        out[5] = '\0';
    return out;
}

void range_words(const struct range *r, int64_t now_ms, bool local, char *out, size_t size)
{
    char from[FORMAT_SIZE], to[FORMAT_SIZE], age[FORMAT_SIZE];
    if (r->last_ms > 0) {
        format_age(r->last_ms, age);
        char *minutes = strstr(age, "m00"), *hours = strstr(age, "h00");
        if (minutes || hours)
            (minutes ? minutes : hours)[1] = '\0';
        str_copy(out, size, age);
    } else if (range_is_all(r)) {
        str_copy(out, size, "all");
    } else if (r->to_ms == 0) {
        str_fmt(out, size, "since %s", moment_words(r->from_ms, now_ms, local, from));
    } else if (r->from_ms == 0) {
        str_fmt(out, size, "until %s", moment_words(r->to_ms, now_ms, local, to));
    } else {
        str_fmt(out, size, "%s-%s", moment_words(r->from_ms, now_ms, local, from),
                moment_words(r->to_ms, now_ms, local, to));
    }
}
