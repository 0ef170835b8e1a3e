#include "tests/bench/pages.h"

#include <stdint.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define PAGE_BYTES (1u << 20)
#define STREAMS 40

const char *const mix_names[MIXES] = {"text", "traces", "json", "foreign"};

struct maker {
    struct strbuf b;
    enum mix mix;
    uint64_t seed;
    long long now_ms;
    size_t events;
    unsigned long long event_id;
    char streams[STREAMS][64];
    bool warm[STREAMS];
};

static uint32_t draw(struct maker *m, uint32_t below)
{
    m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(m->seed >> 33) % below;
}

static void event(struct maker *m, size_t stream, const char *message)
{
    static const char digits[] = "38192736450192837465019283746501928374650";
    if (m->events > 0)
        strbuf_char(&m->b, ',');
    strbuf_fmt(&m->b, "{\"logStreamName\":\"%s\",\"timestamp\":%lld,\"message\":\"", m->streams[stream], m->now_ms);
    strbuf_str(&m->b, message);
    strbuf_fmt(&m->b, "\",\"ingestionTime\":%lld,\"eventId\":\"%.36s%020llu\"}", m->now_ms + 320, digits,
               m->event_id++);
    m->events++;
    m->now_ms += 1 + draw(m, 3);
}

static const char *const words[MIXES][6] = {
    {"Fetched 20 rows from orders in 14 ms", "GET /v1/customers/58213/orders?limit=20&after=2026-11-24 200",
     "connectToDatabase: pool size 2, idle 1",
     "Published order.created to arn:aws:sns:eu-central-1:111122223333:orders",
     "Cache miss for customer 58213, reading from replica", "Validated request body against schema order-v3"},
    {"Error: connect ETIMEDOUT 10.0.12.7:5432\\n    at TCPConnectWrap.afterConnect [as oncomplete] "
     "(node:net:1555:16)\\n    at async connectToDatabase (/var/task/dist/dbHelper.js:41:5)\\n    at async "
     "Runtime.handler (file:///var/task/index.mjs:18:20)",
     "SELECT o.id, o.total, c.name\\n  FROM orders o\\n  JOIN customers c ON c.id = o.customer_id\\n WHERE o.state = "
     "$1\\n"
     "   AND o.created_at > now() - interval '1 day'\\n ORDER BY o.created_at DESC\\n LIMIT 20",
     "Request headers:\\n  accept: application/json\\n  user-agent: Mozilla/5.0 (X11; Linux x86_64)\\n  "
     "x-forwarded-for: "
     "203.0.113.9\\n  x-amzn-trace-id: Root=1-67428f1a-5d0e3a7c1b2f4e6d8a9c0b1e",
     "(node:8) Warning: a promise was rejected with a value that is not an Error\\n(Use `node --trace-warnings ...` to "
     "show where the warning was created)",
     "handler finished",
     "Traceback (most recent call last):\\n  File \\\"/var/task/app.py\\\", line 31, in handler\\n    "
     "rows = session.execute(query)\\n  File \\\"/opt/python/sqlalchemy/orm/session.py\\\", line 2262, in execute"},
    {"{\\\"order\\\":\\\"A-1029\\\",\\\"rows\\\":20,\\\"ms\\\":14}",
     "{\\\"method\\\":\\\"GET\\\",\\\"path\\\":\\\"/v1/orders\\\",\\\"status\\\":200,\\\"cold\\\":false}",
     "\\\"pool ready\\\"",
     "{\\\"topic\\\":\\\"order.created\\\",\\\"id\\\":\\\"b1f5\\\",\\\"tags\\\":[\\\"eu\\\",\\\"web\\\"]}",
     "\\\"cache miss\\\"", "{\\\"schema\\\":\\\"order-v3\\\",\\\"valid\\\":true}"},
    {"Bestellung f\xc3\xbcr M\xc3\xbcller & S\xc3\xb6hne best\xc3\xa4tigt, Lieferung nach K\xc3\xb6ln",
     "\xe6\xb3\xa8\xe6\x96\x87\xe3\x82\x92\xe7\xa2\xba\xe8\xaa\x8d\xe3\x81\x97\xe3\x81\xbe\xe3\x81\x97\xe3\x81\x9f: "
     "A-1029",
     "\xce\x97 \xcf\x80\xce\xb1\xcf\x81\xce\xb1\xce\xb3\xce\xb3\xce\xb5\xce\xbb\xce\xaf\xce\xb1 "
     "\xce\xbf\xce\xbb\xce\xbf\xce\xba\xce\xbb\xce\xb7\xcf\x81\xcf\x8e\xce\xb8\xce\xb7\xce\xba\xce\xb5",
     "\xf0\x9f\x9a\x80 deployed, \xe2\x9c\x93 migrations \xe2\x80\x94 all green \xf0\x9f\x8e\x89",
     "Caf\xc3\xa9 n\xc2\xb0 12 \xe2\x80\x93 1.204,50 \xe2\x82\xac gebucht",
     "Rechnung an Jos\xc3\xa9 \xc3\x81lvarez gesendet"},
};

static void request_id(struct maker *m, char out[37])
{
    (void)str_fmt(out, 37, "%08x-%04x-4%03x-8%03x-%08x%04x", draw(m, UINT32_MAX), draw(m, 65536), draw(m, 4096),
                  draw(m, 4096), draw(m, UINT32_MAX), draw(m, 65536));
}

/* One invocation of one container, in Lambda's text format. */
static void invocation_text(struct maker *m, size_t s)
{
    char id[37], line[1024];
    bool cold = !m->warm[s];
    request_id(m, id);
    if (cold)
        event(m, s,
              "INIT_START Runtime Version: nodejs:22.v48\\tRuntime Version ARN: "
              "arn:aws:lambda:eu-central-1::runtime:8eb0d8e5\\n");
    (void)str_fmt(line, sizeof line, "START RequestId: %s Version: $LATEST\\n", id);
    event(m, s, line);
    for (uint32_t i = 0, n = 1 + draw(m, 3); i < n; i++) {
        const char *says = cold && i == 0 ? "Fetching credentials from Secrets Manager" : words[m->mix][draw(m, 6)];
        (void)str_fmt(line, sizeof line, "2026-11-24T10:12:%02u.%03uZ\\t%s\\tINFO\\t%s\\n", draw(m, 60), draw(m, 1000),
                      id, says);
        event(m, s, line);
    }
    (void)str_fmt(line, sizeof line, "END RequestId: %s\\n", id);
    event(m, s, line);
    (void)str_fmt(line, sizeof line,
                  "REPORT RequestId: %s\\tDuration: %u.%02u ms\\tBilled Duration: %u ms\\tMemory Size: 256 MB\\t"
                  "Max Memory Used: 92 MB\\t%s\\n",
                  id, 1 + draw(m, 90), draw(m, 100), 1 + draw(m, 90), cold ? "Init Duration: 312.44 ms\\t" : "");
    event(m, s, line);
    m->warm[s] = true;
}

/* The same in Lambda's JSON log format. */
static void invocation_json(struct maker *m, size_t s)
{
    char id[37], line[1024];
    request_id(m, id);
    (void)str_fmt(line, sizeof line,
                  "{\\\"time\\\":\\\"2026-11-24T10:12:%02u.%03uZ\\\",\\\"type\\\":\\\"platform.start\\\","
                  "\\\"record\\\":{\\\"requestId\\\":\\\"%s\\\",\\\"version\\\":\\\"$LATEST\\\"}}\\n",
                  draw(m, 60), draw(m, 1000), id);
    event(m, s, line);
    for (uint32_t i = 0, n = 1 + draw(m, 3); i < n; i++) {
        (void)str_fmt(line, sizeof line,
                      "{\\\"timestamp\\\":\\\"2026-11-24T10:12:%02u.%03uZ\\\",\\\"level\\\":\\\"INFO\\\","
                      "\\\"requestId\\\":\\\"%s\\\",\\\"message\\\":%s}\\n",
                      draw(m, 60), draw(m, 1000), id, words[MIX_JSON][draw(m, 6)]);
        event(m, s, line);
    }
    (void)str_fmt(line, sizeof line,
                  "{\\\"time\\\":\\\"2026-11-24T10:12:%02u.%03uZ\\\",\\\"type\\\":\\\"platform.report\\\","
                  "\\\"record\\\":{\\\"requestId\\\":\\\"%s\\\",\\\"metrics\\\":{\\\"durationMs\\\":%u.%03u,"
                  "\\\"billedDurationMs\\\":%u,\\\"memorySizeMB\\\":256,\\\"maxMemoryUsedMB\\\":92},\\\"status\\\":"
                  "\\\"success\\\"}}\\n",
                  draw(m, 60), draw(m, 1000), id, 1 + draw(m, 90), draw(m, 1000), 1 + draw(m, 90));
    event(m, s, line);
}

static void page(struct maker *m, struct bench_page *out)
{
    strbuf_init(&m->b, 2 * PAGE_BYTES);
    m->events = 0;
    strbuf_str(&m->b, "{\"events\":[");
    while (m->b.len < PAGE_BYTES - 4096) {
        size_t stream = draw(m, STREAMS);
        if (m->mix == MIX_JSON)
            invocation_json(m, stream);
        else
            invocation_text(m, stream);
    }
    strbuf_str(
        &m->b,
        "],\"nextToken\":\"Bxkq6kVGFtq2y_MoigeqscPOdhXVbhiVtLoAmXb5jCqNQx7PQqQLFd9h\",\"searchedLogStreams\":[]}");
    ASSERT(!strbuf_cut(&m->b));
    *out =
        (struct bench_page){.bytes = mem_copy_bytes(strbuf_peek(&m->b), m->b.len), .n = m->b.len, .events = m->events};
    strbuf_clear(&m->b);
}

void pages_make(enum mix mix, struct bench_page *out_pages)
{
    struct maker *m = mem_new(sizeof *m);
    m->mix = mix;
    m->seed = 20261124;
    m->now_ms = 1795514400000;
    for (size_t i = 0; i < STREAMS; i++)
        (void)str_fmt(m->streams[i], sizeof m->streams[i], "2026/11/24/[$LATEST]%08x%08x%08x%08x", draw(m, UINT32_MAX),
                      draw(m, UINT32_MAX), draw(m, UINT32_MAX), draw(m, UINT32_MAX));
    for (size_t i = 0; i < PAGES_PER_MIX; i++)
        page(m, &out_pages[i]);
    free(m);
}

void pages_clear(struct bench_page *pages)
{
    for (size_t i = 0; i < PAGES_PER_MIX; i++)
        MEM_FREE(pages[i].bytes);
}
