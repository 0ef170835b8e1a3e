#include "ui/format.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

const char *format_age(int64_t ms, char out[FORMAT_SIZE])
{
    if (ms < 0)
        str_copy(out, FORMAT_SIZE, "-");
    else if (ms < MINUTE_MS)
        str_fmt(out, FORMAT_SIZE, "%ds", (int)(ms / SECOND_MS));
    else if (ms < 10 * MINUTE_MS)
        str_fmt(out, FORMAT_SIZE, "%dm%02d", (int)(ms / MINUTE_MS), (int)(ms % MINUTE_MS / SECOND_MS));
    else if (ms < HOUR_MS)
        str_fmt(out, FORMAT_SIZE, "%dm", (int)(ms / MINUTE_MS));
    else if (ms < 10 * HOUR_MS)
        str_fmt(out, FORMAT_SIZE, "%dh%02d", (int)(ms / HOUR_MS), (int)(ms % HOUR_MS / MINUTE_MS));
    else if (ms < DAY_MS)
        str_fmt(out, FORMAT_SIZE, "%dh", (int)(ms / HOUR_MS));
    else if (ms < 1000 * DAY_MS)
        str_fmt(out, FORMAT_SIZE, "%dd", (int)(ms / DAY_MS));
    else if (ms < 365 * 1000 * DAY_MS)
        str_fmt(out, FORMAT_SIZE, "%dy", (int)(ms / (365 * DAY_MS)));
    else
        str_copy(out, FORMAT_SIZE, "long");
    return out;
}

const char *format_until(int64_t due_ms, int64_t now_ms, char out[FORMAT_SIZE])
{
    if (due_ms < 0)
        return format_age(-1, out);
    int64_t left = due_ms - now_ms;
    char age[FORMAT_SIZE];
    if (left < 0)
        str_fmt(out, FORMAT_SIZE, "-%s", format_age(-left, age));
    else if (left >= DAY_MS && left < 10 * DAY_MS)
        str_fmt(out, FORMAT_SIZE, "%dd%02dh", (int)(left / DAY_MS), (int)(left % DAY_MS / HOUR_MS));
    else
        format_age(left, out);
    return out;
}

const char *format_count(uint64_t n, char out[FORMAT_SIZE])
{
    if (n < 100000)
        str_fmt(out, FORMAT_SIZE, "%u", (unsigned)n);
    else if (n < UINT64_C(1000000))
        str_fmt(out, FORMAT_SIZE, "%uk", (unsigned)(n / 1000));
    else if (n < UINT64_C(1000000000))
        str_fmt(out, FORMAT_SIZE, "%uM", (unsigned)(n / 1000000));
    else if (n < UINT64_C(1000000000000))
        str_fmt(out, FORMAT_SIZE, "%uG", (unsigned)(n / 1000000000));
    else
        str_copy(out, FORMAT_SIZE, "many");
    return out;
}

const char *format_latency(int32_t us, char out[FORMAT_SIZE])
{
    if (us < 0)
        str_copy(out, FORMAT_SIZE, "-");
    else if (us < 1000)
        str_copy(out, FORMAT_SIZE, "<1ms");
    else if (us < 1000000)
        str_fmt(out, FORMAT_SIZE, "%dms", us / 1000);
    else
        str_fmt(out, FORMAT_SIZE, "%d.%ds", us / 1000000, us % 1000000 / 100000);
    return out;
}

const char *format_ratio(double ratio, char out[FORMAT_SIZE])
{
    if (ratio < 0)
        str_copy(out, FORMAT_SIZE, "-");
    else
        str_fmt(out, FORMAT_SIZE, "%d%%", ratio >= 1 ? 100 : (int)(ratio * 100));
    return out;
}

/* In whole parts: printf would ask the locale what a decimal point is. */
const char *format_rate(double rate, char out[FORMAT_SIZE])
{
    uint64_t tenths = rate > 0 && rate < 1e12 ? (uint64_t)(rate * 10 + 0.5) : 0;
    if (!(rate >= 0))
        str_copy(out, FORMAT_SIZE, "-");
    else if (rate > 0 && tenths == 0)
        str_copy(out, FORMAT_SIZE, "<0.1");
    else if (tenths < 1000)
        str_fmt(out, FORMAT_SIZE, "%u.%u", (unsigned)(tenths / 10), (unsigned)(tenths % 10));
    else
        format_count(tenths / 10, out);
    return out;
}

const char *format_dollars(double dollars, char out[FORMAT_SIZE])
{
    char count[FORMAT_SIZE];
    uint64_t cents = dollars > 0 && dollars < 1e12 ? (uint64_t)(dollars * 100 + 0.5) : 0;
    if (!(dollars >= 0))
        str_copy(out, FORMAT_SIZE, "-");
    else if (dollars > 0 && cents == 0)
        str_copy(out, FORMAT_SIZE, "<$0.01");
    else if (cents < 10000)
        str_fmt(out, FORMAT_SIZE, "$%u.%02u", (unsigned)(cents / 100), (unsigned)(cents % 100));
    else
        str_fmt(out, FORMAT_SIZE, "$%s", format_count(cents / 100, count));
    return out;
}

static bool break_down(int64_t wall_ms, bool local, struct tm *out)
{
    time_t seconds = (time_t)(wall_ms / SECOND_MS);
    return wall_ms >= 0 && (local ? localtime_r(&seconds, out) : gmtime_r(&seconds, out)) != NULL;
}

static void zone_word(const struct tm *t, bool local, char out[8])
{
    long minutes = t->tm_gmtoff / 60;
    if (!local)
        str_copy(out, 8, "Z");
    else
        str_fmt(out, 8, "%c%02d%02d", minutes < 0 ? '-' : '+', (int)(labs(minutes) / 60 % 24),
                (int)(labs(minutes) % 60));
}

const char *format_clock(int64_t wall_ms, bool local, bool zone, char out[FORMAT_SIZE])
{
    struct tm t;
    char z[8] = "";
    if (!break_down(wall_ms, local, &t))
        return format_age(-1, out);
    if (zone)
        zone_word(&t, local, z);
    str_fmt(out, FORMAT_SIZE, "%02d:%02d:%02d%s", t.tm_hour, t.tm_min, t.tm_sec, z);
    return out;
}

const char *format_clock_ms(int64_t wall_ms, bool local, char out[FORMAT_SIZE])
{
    struct tm t;
    if (!break_down(wall_ms, local, &t))
        return format_age(-1, out);
    str_fmt(out, FORMAT_SIZE, "%02d:%02d:%02d.%03d", t.tm_hour, t.tm_min, t.tm_sec, (int)(wall_ms % SECOND_MS));
    return out;
}

const char *format_stamp(int64_t wall_ms, bool local, char out[FORMAT_SIZE])
{
    struct tm t;
    char z[8] = "";
    if (!break_down(wall_ms, local, &t))
        return format_age(-1, out);
    zone_word(&t, local, z);
    str_fmt(out, FORMAT_SIZE, "%04d-%02d-%02d %02d:%02d:%02d%s", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
            t.tm_min, t.tm_sec, z);
    return out;
}

const char *format_when(int64_t wall_ms, int64_t now_ms, bool local, char out[FORMAT_SIZE])
{
    struct tm t, now;
    if (!break_down(wall_ms, local, &t) || !break_down(now_ms, local, &now))
        return format_age(-1, out);
    if (t.tm_year == now.tm_year && t.tm_yday == now.tm_yday)
        return format_clock(wall_ms, local, false, out);
    int64_t apart = now_ms > wall_ms ? now_ms - wall_ms : wall_ms - now_ms;
    if (apart < 300 * DAY_MS)
        str_fmt(out, FORMAT_SIZE, "%02d-%02d", t.tm_mon + 1, t.tm_mday);
    else
        str_fmt(out, FORMAT_SIZE, "%04d-%02d", t.tm_year + 1900, t.tm_mon + 1);
    return out;
}

const char *format_version(const char *id, char out[FORMAT_SIZE])
{
    str_copy_n(out, FORMAT_SIZE, *id ? id : "-", *id ? strnlen(id, 8) : 1);
    return out;
}

const char *format_stream(const char *stream, char out[FORMAT_SIZE])
{
    const char *mark = strrchr(stream, ']');
    const char *id = mark ? mark + 1 : stream;
    const char *slash = strrchr(id, '/');
    id = slash ? slash + 1 : id;
    str_copy_n(out, FORMAT_SIZE, *id ? id : "-", *id ? strnlen(id, 8) : 1);
    return out;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool begins(const char *text, const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\0' || lower(text[i]) != lower(word[i]))
            return false;
    return true;
}

const char *format_find(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (; *text; text++)
        if (begins(text, word, n))
            return text;
    return n == 0 ? text : NULL;
}

/* The locale is for the terminal's code set alone, and nothing here sets it: the
 * variables say what it would be. */
bool format_utf8_by_environment(void)
{
    const char *names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *v = getenv(names[i]);
        if (v && *v)
            return format_find(v, "UTF-8") || format_find(v, "UTF8");
    }
    return false;
}
