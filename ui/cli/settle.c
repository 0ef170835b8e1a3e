#include "ui/cli/settle.h"

#include <poll.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/strbuf.h"
#include "ui/cli/output.h"
#include "ui/signals.h"

/* What reads the past and what it will cost, before it is done; each once. */
static void say_engines(const struct board *board, char *said, size_t size)
{
    for (size_t i = 0; i < board->n; i++) {
        const struct log_snap *logs = board->envs[i].logs;
        if (logs && logs->engine[0] && strcmp(logs->engine, said) != 0) {
            (void)str_copy(said, size, logs->engine);
            output_progress(NULL);
            (void)fprintf(stderr, "credtop: %s\n", said);
            break; /* the others say the same, or in a moment their own */
        }
    }
}

static void show_progress(const struct board *board)
{
    size_t secrets = 0, logs = 0, databases = 0;
    char words[128];
    for (size_t i = 0; i < board->n; i++) {
        const struct env_view *v = &board->envs[i];
        secrets += v->secret != NULL;
        logs += v->logs != NULL && !v->logs->backfilling;
        databases += v->db != NULL;
    }
    (void)str_fmt(words, sizeof words, "asking %zu environments: %zu secrets, %zu logs, %zu databases", board->n,
                  secrets, logs, databases);
    output_progress(words);
}

bool settle_wait(struct backend *b, int64_t timeout_ms, int signals_fd)
{
    char said[sizeof(((struct log_snap *)0)->engine)] = "";
    int64_t deadline = clock_mono_ms(clock_real()) + timeout_ms;
    while (!backend_settled(b)) {
        int64_t left = deadline - clock_mono_ms(clock_real());
        if (left <= 0) {
            output_progress(NULL);
            (void)fprintf(stderr, "credtop: not every source answered in time; what is missing is unknown\n");
            return true;
        }
        struct pollfd p[2] = {{.fd = backend_wake_fd(b), .events = POLLIN}, {.fd = signals_fd, .events = POLLIN}};
        (void)poll(p, 2, left > 60000 ? 60000 : (int)left);
        if (p[0].revents & POLLIN) {
            backend_wake_drain(b);
            struct board *board = backend_board(b);
            say_engines(board, said, sizeof(said));
            show_progress(board);
            board_free(board);
        }
        if ((p[1].revents & POLLIN) && (signals_read(signals_fd) & SIGNALS_QUIT)) {
            output_progress(NULL);
            (void)fprintf(stderr, "credtop: interrupted before every source had answered\n");
            return false;
        }
    }
    output_progress(NULL);
    return true;
}

static bool is_shut_out(const struct snap *s)
{
    return s != NULL && s->good_mono_ms < 0 && s->failures > 0;
}

void settle_hint(const struct board *board)
{
    size_t asked = 0, out = 0;
    const struct why *why = NULL;
    char line[320];
    for (size_t i = 0; i < board->n; i++) {
        const struct env_view *v = &board->envs[i];
        const struct snap *id = v->identity != NULL ? &v->identity->snap : NULL;
        const struct snap *secret = v->secret != NULL ? &v->secret->snap : NULL;
        if (id == NULL)
            continue;
        asked++;
        if (!is_shut_out(id) && !is_shut_out(secret))
            continue;
        why = why != NULL ? why : is_shut_out(id) ? &id->why : &secret->why;
        out++;
    }
    if (asked > 0 && out == asked)
        (void)fprintf(
            stderr,
            "credtop: AWS answers for no environment (%s)\nnext:  credtop doctor    what is missing, and what to do\n",
            why_line(why, line, sizeof line));
}
