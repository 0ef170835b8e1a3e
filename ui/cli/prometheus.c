#include "ui/cli/prometheus.h"

#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"

#define LABELS_MAX (16 * 1024)

void prometheus_begin(struct prometheus *p, struct strbuf *out)
{
    *p = (struct prometheus){.out = out};
    strbuf_init(&p->labels, LABELS_MAX);
}

void prometheus_end(struct prometheus *p)
{
    ASSERT(p->labels.len == 0);
    strbuf_clear(&p->labels);
}

void prometheus_family(struct prometheus *p, const char *name, const char *type, const char *help)
{
    bool fits = str_copy(p->name, sizeof p->name, name) && str_copy(p->type, sizeof p->type, type) &&
                str_copy(p->help, sizeof p->help, help);
    ASSERT(fits);
    p->told = false;
}

/* Backslash, quote and line feed by a backslash; what is not UTF-8 as U+FFFD. */
static void put_escaped(struct strbuf *b, const char *s, bool quotes)
{
    size_t n = strlen(s);
    while (n > 0) {
        uint32_t cp;
        int len = text_decode(s, n, &cp);
        size_t took = len > 0 ? (size_t)len : 1;
        if (len < 0)
            strbuf_str(b, "\xef\xbf\xbd");
        else if (cp == '\n')
            strbuf_str(b, "\\n");
        else if (cp == '\\' || (cp == '"' && quotes))
            strbuf_fmt(b, "\\%c", (char)cp);
        else
            strbuf_add(b, s, took);
        s += took;
        n -= took;
    }
}

void prometheus_label(struct prometheus *p, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    strbuf_fmt(&p->labels, "%s%s=\"", p->labels.len > 0 ? "," : "", name);
    put_escaped(&p->labels, value, true);
    strbuf_char(&p->labels, '"');
}

static void sample_begin(struct prometheus *p)
{
    if (!p->told) {
        strbuf_fmt(p->out, "# HELP %s ", p->name);
        put_escaped(p->out, p->help, false);
        strbuf_fmt(p->out, "\n# TYPE %s %s\n", p->name, p->type);
    }
    p->told = true;
    strbuf_str(p->out, p->name);
    if (p->labels.len > 0) {
        strbuf_char(p->out, '{');
        strbuf_add(p->out, p->labels.s, p->labels.len);
        strbuf_char(p->out, '}');
    }
    if (strbuf_cut(&p->labels))
        p->out->cut = true; /* half a label must not go out */
    strbuf_reset(&p->labels);
    strbuf_char(p->out, ' ');
}

/* By hand: printf would ask the locale what a decimal point is. */
static void put_fraction(struct prometheus *p, int64_t n, int64_t one, int digits)
{
    uint64_t m = n < 0 ? (uint64_t)-n : (uint64_t)n;
    sample_begin(p);
    strbuf_fmt(p->out, "%s%llu.%0*llu\n", n < 0 ? "-" : "", (unsigned long long)(m / (uint64_t)one), digits,
               (unsigned long long)(m % (uint64_t)one));
}

void prometheus_int(struct prometheus *p, int64_t n)
{
    sample_begin(p);
    strbuf_fmt(p->out, "%lld\n", (long long)n);
}

void prometheus_ms(struct prometheus *p, int64_t ms)
{
    put_fraction(p, ms, 1000, 3);
}

void prometheus_us(struct prometheus *p, int64_t us)
{
    put_fraction(p, us, 1000000, 6);
}

void prometheus_real(struct prometheus *p, double r)
{
    ASSERT(r >= 0 && r < 1e14);
    put_fraction(p, (int64_t)(r * 10000 + 0.5), 10000, 4);
}
