#include "config/mistakes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/arena.h"
#include "config/words.h"

#define MISTAKES_MAX ((size_t)200) /* nobody reads further; the rest is counted */
#define MISTAKE_MAX ((size_t)1024)
#define TEXT_MAX ((size_t)512 * 1024)

struct mistake {
    int line;
    size_t order; /* keeps mistakes of one line in the order of discovery */
    char *text;
};

bool mistakes_pass(struct mistakes *m)
{
    m->left_out += m->n == MISTAKES_MAX ? 1 : 0;
    return m->n == MISTAKES_MAX;
}

void mistakes_take(struct mistakes *m, int line, struct words *w)
{
    char *text = words_take(w);
    if (mistakes_pass(m)) {
        free(text);
        return;
    }
    if (m->n == m->cap) {
        m->cap = m->cap == 0 ? 8 : m->cap * 2;
        m->items = arena_resize(m->items, m->cap, sizeof *m->items);
    }
    m->items[m->n] = (struct mistake){.line = line, .order = m->n, .text = text};
    m->n++;
}

void mistakes_add(struct mistakes *m, int line, const char *fmt, ...)
{
    char text[MISTAKE_MAX];
    struct words w;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    words_init(&w, MISTAKE_MAX);
    words_add(&w, text, n < 0 ? 0 : strlen(text));
    mistakes_take(m, line, &w);
}

static int by_line(const void *a, const void *b)
{
    const struct mistake *x = a, *y = b;
    if (x->line != y->line) {
        return x->line < y->line ? -1 : 1;
    }
    return x->order < y->order ? -1 : 1;
}

char *mistakes_text(struct mistakes *m, const char *path)
{
    struct words w;
    if (m->n == 0) {
        return NULL;
    }
    qsort(m->items, m->n, sizeof *m->items, by_line);
    words_init(&w, TEXT_MAX);
    for (size_t i = 0; i < m->n; i++) {
        words_safe(&w, path, strlen(path));
        if (m->items[i].line > 0) {
            words_fmt(&w, ":%d", m->items[i].line);
        }
        words_fmt(&w, ": %s\n", m->items[i].text);
    }
    if (m->left_out > 0) {
        words_safe(&w, path, strlen(path));
        words_fmt(&w, ": and %zu more mistakes\n", m->left_out);
    }
    return words_take(&w);
}

void mistakes_clear(struct mistakes *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->items[i].text);
    }
    free(m->items);
    *m = (struct mistakes){.items = NULL};
}
