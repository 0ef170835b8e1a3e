#include "ui/cli/status.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "backend/base/mem.h"
#include "ui/cli/output.h"
#include "ui/cli/settle.h"
#include "ui/env_table.h"
#include "ui/format.h"
#include "ui/view.h"

#define COLUMNS_OF_A_FILE 200

/* --------------------------------------------------------------- table */

static const struct {
    int fg8;
    unsigned attributes;
} looks[STYLE_COUNT] = {
#define STYLE(id, letter, attributes, fg8, dark, light, contrast, safe) {fg8, attributes},
#include "ui/styles.def"
#undef STYLE
};

static void put_color(struct strbuf *out, const struct cell *c)
{
    strbuf_str(out, "\033[0");
    if (looks[c->style].attributes & ATTR_BOLD)
        strbuf_str(out, ";1");
    if (looks[c->style].attributes & ATTR_DIM)
        strbuf_str(out, ";2");
    if (looks[c->style].fg8 >= 0)
        strbuf_fmt(out, ";3%d", looks[c->style].fg8);
    strbuf_char(out, 'm');
}

/* One grid row at a time, so that colour changes can be put between cells. */
static void put_colored(const struct grid *g, struct strbuf *out)
{
    for (int y = 0; y < g->rows; y++) {
        int style = STYLE_TEXT, end = g->cols;
        while (end > 0 && grid_cell(g, y, end - 1)->ch == ' ')
            end--;
        for (int x = 0; x < end; x++) {
            const struct cell *c = grid_cell(g, y, x);
            if (c->style != style)
                put_color(out, c);
            style = c->style;
            struct grid one = {.rows = 1, .cols = 1, .utf8 = g->utf8};
            struct cell copy = *c;
            struct strbuf text;
            one.cells = &copy;
            strbuf_init(&text, 64);
            grid_to_text(&one, &text);
            if (c->width > 0 && text.len > 1)
                strbuf_add(out, text.s, text.len - 1);
            else if (c->width > 0)
                strbuf_char(out, ' ');
            strbuf_clear(&text);
        }
        if (style != STYLE_TEXT)
            strbuf_str(out, "\033[0m");
        strbuf_char(out, '\n');
    }
}

static void put_causes(const struct screen *s, struct strbuf *out)
{
    for (size_t i = 0; i < s->nworst; i++) {
        const struct verdict *v = &s->verdicts[s->worst[i]];
        char label[72], when[FORMAT_SIZE];
        env_label(s->board->envs[s->worst[i]].conf, label);
        if (i == 0)
            strbuf_fmt(out, "\nNEEDS ATTENTION %zu\n", s->nworst);
        for (size_t c = 0; c < v->ncauses; c++) {
            const struct cause *cause = &v->causes[c];
            strbuf_fmt(out, "%s  %s", label, env_state_word(cause->state));
            if (cause->since_ms >= 0)
                strbuf_fmt(out, " since %s", format_stamp(cause->since_ms, false, when));
            strbuf_fmt(out, ": %s\n", cause->text);
        }
        if (v->ncauses == 0)
            strbuf_fmt(out, "%s  %s: %s\n", label, env_state_word(v->state), env_state_help(v->state));
    }
}

static void put_cost(const struct board *b, struct strbuf *out)
{
    char price[FORMAT_SIZE];
    strbuf_fmt(out, "\n%llu calls, %u a minute, ~%s a month while watching\n", (unsigned long long)b->calls_total,
               b->calls_per_minute, format_dollars(b->dollars_per_month, price));
}

void status_table(struct board *b, const struct status_look *look, struct strbuf *out)
{
    struct screen_settings set = {.audit = b->audit};
    struct screen *s = screen_new(&set, b);
    size_t rows = s->nrows;
    /* In parts, for the grid has a limit and the list of environments has none. */
    for (size_t from = 0; from < rows || from == 0; from += GRID_ROWS_MAX - 1) {
        size_t here = rows - from > GRID_ROWS_MAX - 1 ? GRID_ROWS_MAX - 1 : rows - from;
        struct grid *g = grid_new((int)here + 1, look->columns, look->utf8);
        s->envs.at = s->envs.top = from;
        env_table_draw(s, g, (struct rect){0, 0, g->rows, g->cols}, 0);
        if (look->color)
            put_colored(g, out);
        else
            grid_to_text(g, out);
        grid_free(g);
        if (here == 0)
            break;
    }
    put_causes(s, out);
    put_cost(s->board, out);
    screen_free(s);
}

/* The locale is for the terminal's code set alone, and nothing here sets it: the
 * variables say what it would be. */
static bool wants_utf8(void)
{
    const char *names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *v = getenv(names[i]);
        if (v && *v)
            return format_find(v, "UTF-8") || format_find(v, "UTF8");
    }
    return false;
}

static struct status_look look_of(const struct options *o)
{
    struct status_look look = {.columns = COLUMNS_OF_A_FILE};
    struct winsize w = {0};
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    bool tty = isatty(STDOUT_FILENO);
    if (tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
        look.columns = w.ws_col;
    look.utf8 = !o->ascii && wants_utf8();
    look.color = tty && !o->no_color && !(no && *no) && term && strcmp(term, "dumb") != 0;
    return look;
}

/* ------------------------------------------------------------- running */

int status_run(struct backend *b, const struct options *options, int signals_fd)
{
    if (!settle_wait(b, options->timeout_ms, signals_fd)) {
        (void)fprintf(stderr, "credtop: interrupted before every source had answered\n");
        return CLI_COULD_NOT_TELL;
    }
    if (!backend_settled(b))
        (void)fprintf(stderr, "credtop: not every source answered in time; what is missing is unknown\n");
    struct board *board = backend_board(b);
    struct verdict *verdicts = mem_array(board->n + 1, sizeof(*verdicts));
    for (size_t i = 0; i < board->n; i++)
        verdict_judge(board, &board->envs[i], &verdicts[i]);
    int status = verdict_exit_status(verdicts, board->n);
    struct strbuf out;
    strbuf_init(&out, STATUS_OUTPUT_MAX);
    if (options->format == FORMAT_JSON) {
        status_json(board, verdicts, &out);
        board_free(board);
    } else {
        struct status_look look = look_of(options);
        status_table(board, &look, &out);
    }
    free(verdicts);
    status = output_write(&out, "the status", status);
    strbuf_clear(&out);
    return status;
}
