#include "tests/sandbox/awsim_reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backend/base/mem.h"

#define JSON_TYPE "application/x-amz-json-1.1"

void reply_init(struct reply *r)
{
    *r = (struct reply){.status = 200, .type = JSON_TYPE};
    strbuf_init(&r->body, REPLY_MAX);
}

void reply_clear(struct reply *r)
{
    strbuf_wipe(&r->body); /* it may have carried a value */
}

void reply_header(struct reply *r, const char *name, const char *value)
{
    ASSERT(r->nheaders < REPLY_HEADERS_MAX);
    struct reply_header *h = &r->headers[r->nheaders++];
    h->name = name;
    (void)str_copy(h->value, sizeof h->value, value);
}

void reply_xml(struct strbuf *b, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '&':
            strbuf_str(b, "&amp;");
            break;
        case '<':
            strbuf_str(b, "&lt;");
            break;
        case '>':
            strbuf_str(b, "&gt;");
            break;
        case '"':
            strbuf_str(b, "&quot;");
            break;
        default:
            strbuf_char(b, *s);
            break;
        }
    }
}

/* ExpiredTokenException, in the words of OAuth: expired_token */
static void add_oauth_code(struct strbuf *b, const char *code)
{
    size_t n = strlen(code), tail = strlen("Exception");
    if (n > tail && strcmp(code + n - tail, "Exception") == 0)
        n -= tail;
    for (size_t i = 0; i < n; i++) {
        bool capital = code[i] >= 'A' && code[i] <= 'Z';
        if (capital && i > 0)
            strbuf_char(b, '_');
        strbuf_char(b, capital ? (char)(code[i] - 'A' + 'a') : code[i]);
    }
}

static void add_member(struct strbuf *b, const char *name, const char *text)
{
    strbuf_fmt(b, "\"%s\":", name);
    strbuf_json(b, text, strlen(text));
}

static void error_body(struct reply *r, const struct sim_service_row *service, const char *code, const char *text)
{
    struct strbuf *b = &r->body;
    switch (service->shape) {
    case SHAPE_XML:
        r->type = "text/xml";
        strbuf_fmt(b,
                   "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>%s</Type><Code>%s"
                   "</Code><Message>",
                   r->status >= 500 ? "Receiver" : "Sender", code);
        reply_xml(b, text);
        strbuf_str(b, "</Message></Error></ErrorResponse>");
        return;
    case SHAPE_PLAIN:
        r->type = "text/plain";
        strbuf_fmt(b, "%s: %s\n", code, text);
        return;
    case SHAPE_JSON:
        r->type = JSON_TYPE;
        strbuf_fmt(b, "{\"__type\":\"%s\",", code);
        break;
    case SHAPE_REST:
        reply_header(r, "x-amzn-ErrorType", code);
        r->type = "application/json";
        strbuf_fmt(b, "{\"Type\":\"%s\",", r->status >= 500 ? "Service" : "User");
        break;
    case SHAPE_OAUTH:
        reply_header(r, "x-amzn-ErrorType", code);
        r->type = "application/json";
        strbuf_str(b, "{\"error\":\"");
        add_oauth_code(b, code);
        strbuf_str(b, "\",");
        break;
    case SHAPE_AGENT:
        r->type = "application/json";
        strbuf_fmt(b, "{\"code\":\"%s\",", code);
        break;
    }
    add_member(b, service->message ? service->message : "error_description", text);
    strbuf_char(b, '}');
}

void reply_error(struct reply *r, enum sim_service service, int status, const char *code, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    r->status = status;
    r->nheaders = 0;
    str_copy(r->code, sizeof r->code, code);
    strbuf_reset(&r->body);
    error_body(r, sim_service_row(service), code, text);
    if (status == 429)
        reply_header(r, "Retry-After", "1");
}

void reply_trouble(struct reply *r, enum sim_service service, const struct sim_trouble *trouble, const char *text)
{
    reply_error(r, service, trouble->status, trouble->code, "%s", text);
}
