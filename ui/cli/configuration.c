#include "ui/cli/configuration.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "ui/cli/output.h"

#define OUTPUT_MAX (64u << 20)

struct configuration configuration_read(const char *named)
{
    struct configuration c = {0};
    c.path = named != NULL ? mem_copy_str(named) : config_find(&c.tried);
    if (c.path != NULL)
        c.config = config_load(c.path, &c.mistakes);
    return c;
}

void configuration_clear(struct configuration *c)
{
    free(c->path);
    free(c->tried);
    free(c->mistakes);
    *c = (struct configuration){0};
}

static void say(const struct configuration *c)
{
    size_t n = c->mistakes != NULL ? strlen(c->mistakes) : 0;
    if (c->path == NULL)
        (void)fprintf(stderr,
                      "credtop: no configuration found; looked at:\n%s\n"
                      "next:  credtop discover    write one from what the account has\n"
                      "       credtop doctor      see whether AWS answers, and as whom\n",
                      c->tried != NULL ? c->tried : "");
    if (n > 0)
        (void)fprintf(stderr, "%s%s", c->mistakes, c->mistakes[n - 1] == '\n' ? "" : "\n");
}

struct config *configuration_or_say(const char *named)
{
    struct configuration c = configuration_read(named);
    struct config *config = c.config;
    say(&c);
    configuration_clear(&c);
    return config;
}

/* A file gets the bytes as they are, so that it reads back; a terminal none that steer it. */
static void put_text(struct strbuf *out, const char *text)
{
    bool raw = !isatty(STDOUT_FILENO);
    for (const char *p = text; *p != '\0'; p += strcspn(p, "\n") + 1) {
        size_t n = strcspn(p, "\n"), size = n * 8 + 1;
        if (raw) {
            strbuf_add(out, p, n);
        } else {
            char *safe = mem_new(size);
            (void)text_safe(safe, size, p, n);
            strbuf_str(out, safe);
            free(safe);
        }
        strbuf_char(out, '\n');
    }
}

int configuration_run(const struct options *o)
{
    struct configuration c = configuration_read(o->second != NULL ? o->second : o->config_path);
    struct strbuf out;
    int status = CLI_COULD_NOT_TELL;
    say(&c);
    if (c.config != NULL) {
        strbuf_init(&out, OUTPUT_MAX);
        if (strcmp(o->operand, "show") == 0) {
            char *text = config_show(c.config);
            put_text(&out, text);
            free(text);
        } else {
            strbuf_fmt(&out, "%s: no mistake, %zu environment%s\n", c.path, c.config->nenvironments,
                       c.config->nenvironments == 1 ? "" : "s");
        }
        status = output_write(&out, "the configuration", 0);
        strbuf_clear(&out);
    }
    config_free(c.config);
    configuration_clear(&c);
    return status;
}
