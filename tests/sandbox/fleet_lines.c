#include "tests/sandbox/fleet_lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"

#define LINE_MAX_BYTES 2048
#define BATCH_MAX_BYTES (4 << 20)

void fleet_lines_init(struct fleet_lines *l, const struct fleet_env_settings *env, int64_t stream_date_ms,
                      const char *hex)
{
    char date[25];
    *l = (struct fleet_lines){.env = env};
    clock_iso(stream_date_ms, date);
    ASSERT(str_fmt(l->stream, sizeof l->stream, "%.4s/%.2s/%.2s/[$LATEST]%s", date, date + 5, date + 8, hex));
    strbuf_init(&l->events, BATCH_MAX_BYTES);
}

void fleet_lines_clear(struct fleet_lines *l)
{
    strbuf_clear(&l->events);
}

static void add_event(struct fleet_lines *l, int64_t at_ms, const char *message, size_t n)
{
    strbuf_fmt(&l->events, "%s{\"t_ms\":%lld,\"message\":", l->n > 0 ? "," : "", (long long)at_ms);
    strbuf_json(&l->events, message, n);
    strbuf_char(&l->events, '}');
    l->n++;
    if (at_ms > l->last_ms)
        l->last_ms = at_ms;
}

static void add(struct fleet_lines *l, int64_t at_ms, const char *fmt, ...) FORMAT(3, 4);
static void add(struct fleet_lines *l, int64_t at_ms, const char *fmt, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    ASSERT(n >= 0 && (size_t)n < sizeof line);
    add_event(l, at_ms, line, (size_t)n);
}

/* A platform line of the JSON format. */
static void platform(struct fleet_lines *l, int64_t at_ms, const char *type, const char *record)
{
    char stamp[29];
    clock_iso_ms(at_ms, stamp);
    add(l, at_ms, "{\"time\":\"%s\",\"type\":\"platform.%s\",\"record\":%s}\n", stamp, type, record);
}

void fleet_lines_init_start(struct fleet_lines *l, int64_t at_ms, const char *hex64)
{
    char record[400];
    const char *runtime = l->env->format == FLEET_PYTHON ? "python:3.13.v60" : "nodejs:22.v48";
    if (l->env->format != FLEET_JSON) {
        add(l, at_ms, "INIT_START Runtime Version: %s\tRuntime Version ARN: arn:aws:lambda:%s::runtime:%s\n", runtime,
            l->env->region, hex64);
        return;
    }
    ASSERT(str_fmt(record, sizeof record,
                   "{\"initializationType\":\"on-demand\",\"phase\":\"init\",\"runtimeVersion\":\"%s\","
                   "\"runtimeVersionArn\":\"arn:aws:lambda:%s::runtime:%s\"}",
                   runtime, l->env->region, hex64));
    platform(l, at_ms, "initStart", record);
}

void fleet_lines_start(struct fleet_lines *l, int64_t at_ms, const char *request)
{
    char record[120];
    if (l->env->format != FLEET_JSON) {
        add(l, at_ms, "START RequestId: %s Version: $LATEST\n", request);
        return;
    }
    ASSERT(str_fmt(record, sizeof record, "{\"requestId\":\"%s\",\"version\":\"$LATEST\"}", request));
    platform(l, at_ms, "start", record);
}

void fleet_lines_report(struct fleet_lines *l, int64_t at_ms, const char *request, int64_t took_hundredths,
                        int64_t init_hundredths, int memory_mb)
{
    char record[400], init[60] = "";
    bool json = l->env->format == FLEET_JSON;
    long long took = (long long)took_hundredths, begun = (long long)init_hundredths;
    if (init_hundredths > 0)
        (void)str_fmt(init, sizeof init, json ? ",\"initDurationMs\":%lld.%02lld" : "Init Duration: %lld.%02lld ms\t",
                      begun / 100, begun % 100);
    if (!json) {
        add(l, at_ms, "END RequestId: %s\n", request);
        add(l, at_ms,
            "REPORT RequestId: %s\tDuration: %lld.%02lld ms\tBilled Duration: %lld ms\tMemory Size: 256 MB\t"
            "Max Memory Used: %d MB\t%s\n",
            request, took / 100, took % 100, took / 100 + 1, memory_mb, init);
        return;
    }
    ASSERT(str_fmt(record, sizeof record,
                   "{\"requestId\":\"%s\",\"metrics\":{\"durationMs\":%lld.%02lld,\"billedDurationMs\":%lld,"
                   "\"memorySizeMB\":256,\"maxMemoryUsedMB\":%d%s},\"status\":\"success\"}",
                   request, took / 100, took % 100, took / 100 + 1, memory_mb, init));
    platform(l, at_ms, "report", record);
}

/* In JSON an object of the runtime's; it escapes what the text holds. */
static void json_console(struct fleet_lines *l, int64_t at_ms, const char *stamp, const char *request,
                         const char *level, const char *text)
{
    struct strbuf b;
    strbuf_init(&b, LINE_MAX_BYTES);
    strbuf_fmt(&b, "{\"timestamp\":\"%s\",\"level\":\"%s\",", stamp, level);
    if (strcmp(request, "undefined") != 0)
        strbuf_fmt(&b, "\"requestId\":\"%s\",", request);
    strbuf_str(&b, "\"message\":");
    strbuf_json(&b, text, strlen(text));
    strbuf_str(&b, "}\n");
    ASSERT(!strbuf_cut(&b));
    add_event(l, at_ms, strbuf_peek(&b), b.len);
    strbuf_clear(&b);
}

void fleet_lines_console(struct fleet_lines *l, int64_t at_ms, const char *request, const char *level, const char *text)
{
    char stamp[29];
    clock_iso_ms(at_ms, stamp);
    if (l->env->format == FLEET_JSON)
        json_console(l, at_ms, stamp, request, level, text);
    else if (l->env->format == FLEET_PYTHON)
        add(l, at_ms, "[%s]\t%s\t%s\t%s\n", level, stamp, strcmp(request, "undefined") != 0 ? request : "", text);
    else
        add(l, at_ms, "%s\t%s\t%s\t%s\n", stamp, request, level, text);
}

/* A title, a cleared screen, a colour that stays, text that runs backwards, a device
 * attribute request, marks on marks.  None matches a pattern of credtop's. */
static const char *const hostile[] = {
    "user agent \033]0;owned by the log\007 seen",
    "\033[2J\033[H\033[31mALL YOUR SCREEN\033[?25l",
    "invoice \xe2\x80\xaegnp.tnemyap\xe2\x80\xac rejected",
    "name=\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf\xc2\xad hidden \xe2\x81\xa9 end",
    "\033[c\033[6n\033P+q544e\033\\ \x08\x08\x08\x7f\r\rback",
    "e\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86\xcc\x87 stacked",
    "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9 joined, \xff\xfe not text",
};

void fleet_lines_hostile(struct fleet_lines *l, int64_t at_ms, const char *request, unsigned which)
{
    fleet_lines_console(l, at_ms, request, "WARN", hostile[which % ARRAY_LEN(hostile)]);
}

enum err fleet_lines_send(struct fleet_lines *l, struct fleet_sim *sim, struct why *why)
{
    if (l->n == 0)
        return ERR_OK;
    struct strbuf body;
    strbuf_init(&body, BATCH_MAX_BYTES + 4096);
    strbuf_fmt(&body, "{\"account\":\"%s\",\"region\":\"%s\",\"group\":\"%s\",\"stream\":", l->env->account,
               l->env->region, l->env->group);
    strbuf_json(&body, l->stream, strlen(l->stream));
    strbuf_fmt(&body, ",\"events\":[%s]}", strbuf_peek(&l->events));
    ASSERT(!strbuf_cut(&l->events) && !strbuf_cut(&body));
    enum err err = fleet_sim_send(sim, "/_sim/logs", strbuf_peek(&body), why);
    strbuf_clear(&body);
    strbuf_reset(&l->events);
    l->n = 0;
    return err;
}
